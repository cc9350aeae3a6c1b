import { type AdoptOptions, moveJob, resolveMoves } from "./adoption.ts";
import { FencedError, PreflightError, type PreflightFinding, StateError } from "./base/errors.ts";
import { decodeCommand } from "./documents/command.ts";
import { readFlowDocument } from "./documents/flow.ts";
import { writeJob } from "./documents/job.ts";
import type { RoutineMoves } from "./documents/moved_routines.ts";
import type { JobStorage } from "./engine/durable/job_storage.ts";
import { replayStored } from "./engine/durable/stored_replay.ts";
import type { StoreSession } from "./engine/durable/store_session.ts";
import { whereLive } from "./engine/execution/stored_flow_jobs.ts";
import { type Flow, runnerOf } from "./flow.ts";
import type { Job } from "./job/job.ts";
import type { FlowGraph } from "./model/flow_graph.ts";
import type { JobRecord, ReplacedFlow, StoredCommand, StoredJob, TakenJob } from "./ports/store.ts";

/** The version of a flow that jobs are moved to. */
interface Target {
  readonly action: string;
  readonly session: StoreSession;
  readonly storage: JobStorage;
  readonly graph: FlowGraph;
  readonly moves: RoutineMoves;
}

/** A stored job as it is in another version of its flow. */
interface Adoption {
  readonly job: Job;
  readonly replaced: ReplacedFlow;
}

/**
 * Moves a stored job on which nobody works to a version of its flow: claims it, replaces flow and document by one write, and lets go of
 * it. Whoever dies in between leaves a claimed job that is wholly in one version, and due when the lease has ended.
 *
 * @returns what stands in the way: something only with `dryRun`
 * @throws as `handle.adopt`
 */
export async function adoptStored(
  flow: Flow | undefined,
  session: StoreSession,
  { jobId, life }: JobRecord,
  options: AdoptOptions,
): Promise<readonly PreflightFinding[]> {
  const action = `Cannot adopt job "${jobId}"`;
  const storage = flow && storageOf(flow);
  if (flow === undefined || storage === undefined) {
    const remedy = `use flow.handle("${jobId}") of the version that it is to have`;
    throw new TypeError(`${action}: engine.handle() does not know to which flow; ${remedy}`);
  }
  const target: Target = { action, session, storage, graph: flow, moves: resolveMoves(action, flow, options) };
  if (session.store.replaceFlow === undefined) {
    throw new TypeError(
      `${action}: its store cannot give a job another flow, as it has no replaceFlow; use another store`,
    );
  }
  const stored = await session.store.load(jobId);
  if (stored?.record.life !== life) {
    throw new StateError("adopt", "unknown", `${action}: it was deleted meanwhile`, "unknown");
  }
  checkFree(target, stored.record);
  if (storage.hasThisFlow(stored.record)) return [];
  const { adoption, findings } = await prepare(target, stored);
  if (options.dryRun === true) return findings;
  if (adoption === undefined) throw new PreflightError(action, findings);
  const stopUse = session.ownership.use();
  try {
    await session.claiming(async () => {
      await moveClaimed(target, stored.record, await storage.claim(adoption.job, stored.record.epoch));
    });
  } finally {
    stopUse();
  }
  return [];
}

function storageOf(flow: Flow): JobStorage | undefined {
  return runnerOf(flow).stored?.storage;
}

/** The flow to which one of these workers moves a job, as the job's own has a lower version. */
export function flowFor(
  { flow: text, record }: TakenJob,
  workers: Iterable<{ adopting(flowId: string): Flow | undefined }>,
): Flow | undefined {
  const [flow] = Array.from(workers).flatMap((it) => it.adopting(record.flowId) ?? []);
  if (flow === undefined || storageOf(flow)?.hasThisFlow(record) !== false) return undefined;
  const { flowVersion = 1 } = readFlowDocument(JSON.parse(text));
  return flowVersion < flow.version ? flow : undefined;
}

/**
 * Moves a job that this engine has claimed to a version of its flow. It stays claimed.
 *
 * @returns the job as it is then
 * @throws {PreflightError} when it does not fit: it is unchanged
 * @throws {FencedError} when another engine has claimed it since
 * @throws {StoreError} when the store keeps failing
 */
export async function adoptTaken(flow: Flow, session: StoreSession, taken: TakenJob): Promise<TakenJob> {
  const action = `Cannot adopt job "${taken.record.jobId}"`;
  const storage = storageOf(flow);
  // Unreachable: `flowFor` has found it.
  if (storage === undefined) return taken;
  return await moveTaken({ action, session, storage, graph: flow, moves: resolveMoves(action, flow, {}) }, taken);
}

async function moveTaken(target: Target, taken: TakenJob): Promise<TakenJob> {
  const { action, session } = target;
  const { record } = taken;
  const { adoption, findings } = await prepare(target, taken);
  if (adoption === undefined) throw new PreflightError(action, findings);
  const { job, replaced } = adoption;
  const refusal = await session.attempt(job, async () => {
    try {
      await session.store.replaceFlow?.(record, record.revision, replaced);
      return undefined;
    } catch (error) {
      // What an earlier try may have written fences nothing.
      if (error instanceof FencedError) return error;
      throw error;
    }
  });
  if (refusal !== undefined) throw refusal;
  const { flow, flowHash, snapshot } = replaced;
  return { ...taken, record: { ...record, flowHash }, flow, snapshot, snapshotRevision: record.revision, entries: [] };
}

/** What a job is to become, or why it does not fit. */
async function prepare(
  { graph, moves, session, storage }: Target,
  stored: StoredJob,
): Promise<{ readonly adoption: Adoption | undefined; readonly findings: readonly PreflightFinding[] }> {
  const { moved: job, findings: ofJob } = moveJob(replayStored(stored, graph.limits).finish(), graph, moves);
  const findings = [...ofJob, ...await unreadFindings(graph, session, stored)];
  const adoption = job === undefined || findings.length > 0
    ? undefined
    : { job, replaced: { ...storage.flowDocument(), snapshot: writeJob(job) } };
  return { adoption, findings };
}

/** Moves a job that was to be claimed, and lets go of it. */
async function moveClaimed(target: Target, { life, status }: JobRecord, taken: TakenJob | undefined): Promise<void> {
  const { action, session } = target;
  const lost = new StateError(
    "adopt",
    status,
    `${action}: somebody else has just taken it; pause it first`,
    "elsewhere",
  );
  if (taken === undefined) throw lost;
  // If that fails, the job is found as one that this engine has, or is free when the lease has ended.
  const letGo = () => session.letGo(taken).catch((error) => session.onError(error));
  try {
    // Another job may have been given the id.
    if (taken.record.life !== life) throw lost;
    await moveTaken(target, taken);
  } catch (error) {
    if (error instanceof FencedError) throw lost;
    await letGo();
    throw error;
  }
  await letGo();
}

function checkFree({ action, session }: Target, record: JobRecord): void {
  const place = whereLive(record, session);
  if (place === undefined) return;
  const why = `it is live ${place}; pause it first, by engine.handle("${record.jobId}").pause()`;
  throw new StateError("adopt", record.status, `${action}: ${why}`, "elsewhere");
}

/** The deliveries that nobody has carried out, and that the flow cannot take: they name what it does not have. */
async function unreadFindings(
  graph: FlowGraph,
  { store, timers }: StoreSession,
  { record }: StoredJob,
): Promise<readonly PreflightFinding[]> {
  if (record.sent === record.consumed) return [];
  const { commands } = await store.inbox(record, record.consumed, timers.now());
  return commands.flatMap((command) => findingOf(graph, command));
}

function findingOf(graph: FlowGraph, { sequence, text }: StoredCommand): readonly PreflightFinding[] {
  const command = tryDecode(text);
  if (command?.type !== "deliver") return [];
  const { routine, slot } = command;
  if (graph.routines.get(routine)?.getSlot(slot) !== undefined) return [];
  const message =
    `command ${sequence} delivers to slot "${slot}" of routine "${routine}", which the flow does not have; ` +
    "let it be carried out first, by a worker that has the flow of before";
  return [{ code: "unread_command", path: `inbox[${sequence}]`, message }];
}

/** A command that nobody can read is refused when it is carried out. */
function tryDecode(text: string) {
  try {
    return decodeCommand(text);
  } catch {
    return undefined;
  }
}
