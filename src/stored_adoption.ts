import { type AdoptOptions, moveJob, resolveMoves } from "./adoption.ts";
import { FencedError, PreflightError, type PreflightFinding, StateError } from "./base/errors.ts";
import { hashText } from "./base/text_hash.ts";
import { decodeCommand } from "./documents/command.ts";
import { readFlowDocument } from "./documents/flow.ts";
import { flowTextOf } from "./documents/flow_text.ts";
import { writeJob } from "./documents/job.ts";
import type { RoutineMoves } from "./documents/moved_routines.ts";
import { placeOf } from "./engine/durable/place.ts";
import { replayStored } from "./engine/durable/stored_replay.ts";
import type { StoreSession } from "./engine/durable/store_session.ts";
import { type Flow, runnerOf } from "./flow.ts";
import type { Job } from "./job/job.ts";
import type { FlowGraph } from "./model/flow_graph.ts";
import type { JobRecord, ReplacedFlow, StoredCommand, StoredJob, TakenJob } from "./ports/store.ts";

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
  const storage = flow && runnerOf(flow).stored?.storage;
  if (flow === undefined || storage === undefined) {
    const remedy = `use flow.handle("${jobId}") of the version that it is to have`;
    throw new TypeError(`${action}: engine.handle() does not know to which flow; ${remedy}`);
  }
  const graph: FlowGraph = flow;
  const moves = resolveMoves(action, graph, options);
  if (session.store.replaceFlow === undefined) {
    throw new TypeError(
      `${action}: its store cannot give a job another flow, as it has no replaceFlow; use another store`,
    );
  }
  const stored = await session.store.load(jobId);
  if (stored?.record.life !== life) {
    throw new StateError("adopt", "unknown", `${action}: it was deleted meanwhile`, "unknown");
  }
  checkFree(action, session, stored.record);
  if (isOf(graph, stored.record)) return [];
  const { adoption, findings } = await prepare(session, stored, graph, moves);
  if (options.dryRun === true) return findings;
  if (adoption === undefined) throw new PreflightError(action, findings);
  const stopUse = session.ownership.use();
  try {
    await session.claiming(async () => {
      const taken = await storage.claim(adoption.job, stored.record.epoch);
      await moveClaimed(action, session, taken, stored, (it) => adoptionOf(action, session, it, graph, moves));
    });
  } finally {
    stopUse();
  }
  return [];
}

/** Whether a stored job has this version of its flow. */
function isOf(graph: FlowGraph, { flowHash }: JobRecord): boolean {
  return flowHash === hashText(flowTextOf(graph));
}

/** The flow to which one of these workers moves a job, as the job's own has a lower version. */
export function flowFor(
  { flow: text, record }: TakenJob,
  workers: Iterable<{ adopting(flowId: string): Flow | undefined }>,
): Flow | undefined {
  const [flow] = Array.from(workers).flatMap((it) => it.adopting(record.flowId) ?? []);
  if (flow === undefined || isOf(flow, record)) return undefined;
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
export async function adoptTaken(graph: FlowGraph, session: StoreSession, taken: TakenJob): Promise<TakenJob> {
  const action = `Cannot adopt job "${taken.record.jobId}"`;
  const moves = resolveMoves(action, graph, {});
  return await moveTaken(session, taken, await adoptionOf(action, session, taken, graph, moves));
}

async function moveTaken(
  session: StoreSession,
  taken: TakenJob,
  { job, replaced }: Adoption,
): Promise<TakenJob> {
  const { record } = taken;
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
  const { revision: snapshotRevision } = record;
  return { ...taken, record: { ...record, flowHash }, flow, snapshot, snapshotRevision, entries: [] };
}

/**
 * What a job is to become.
 *
 * @throws {PreflightError} when it does not fit
 */
async function adoptionOf(
  action: string,
  session: StoreSession,
  stored: StoredJob,
  graph: FlowGraph,
  moves: RoutineMoves,
): Promise<Adoption> {
  const { adoption, findings } = await prepare(session, stored, graph, moves);
  if (adoption === undefined) throw new PreflightError(action, findings);
  return adoption;
}

async function prepare(session: StoreSession, stored: StoredJob, graph: FlowGraph, moves: RoutineMoves) {
  const { moved: job, findings: ofJob } = moveJob(replayStored(stored, graph.limits).finish(), graph, moves);
  const findings = [...ofJob, ...await unreadFindings(graph, session, stored)];
  const flow = flowTextOf(graph);
  const adoption: Adoption | undefined = job === undefined || findings.length > 0
    ? undefined
    : { job, replaced: { flow, flowHash: hashText(flow), snapshot: writeJob(job) } };
  return { adoption, findings };
}

async function moveClaimed(
  action: string,
  session: StoreSession,
  taken: TakenJob | undefined,
  { record: { life, status } }: StoredJob,
  adoptionOf: (taken: TakenJob) => Promise<Adoption>,
): Promise<void> {
  const lost = new StateError(
    "adopt",
    status,
    `${action}: somebody else has just taken it; pause it first`,
    "elsewhere",
  );
  if (taken === undefined) throw lost;
  const { record } = taken;
  try {
    // Another job may have been given the id.
    if (record.life !== life) throw lost;
    const adoption = await adoptionOf(taken);
    await moveTaken(session, taken, adoption);
    await release(session, record, adoption.job);
  } catch (error) {
    if (error instanceof FencedError) throw lost;
    await session.letGo(taken).catch((failure) => session.onError(failure));
    throw error;
  }
}

/** If that fails, the job is found as one that this engine has, or is free when the lease has ended. */
async function release(session: StoreSession, record: JobRecord, job: Job): Promise<void> {
  const at = session.timers.now();
  try {
    const head = { ...placeOf(job, at), consumed: record.consumed, at, releases: true };
    await session.store.append(record, record.revision, [], head);
  } catch (error) {
    session.onError(error);
  }
}

function checkFree(action: string, session: StoreSession, record: JobRecord): void {
  const owner = session.elsewhere(record);
  const isLive = session.liveJob(record.jobId) !== undefined;
  if (owner === undefined && !isLive) return;
  const place = isLive ? "here" : `in the engine of owner "${owner}"`;
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
