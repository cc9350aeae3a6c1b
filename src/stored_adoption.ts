import { type AdoptOptions, moveJob, refusedBy, resolveMoves } from "./adoption.ts";
import { describeValue } from "./base/path.ts";
import { FencedError, PreflightError, type PreflightFinding, StateError } from "./base/errors.ts";
import { decodeCommand } from "./documents/command.ts";
import { readFlowDocument } from "./documents/flow.ts";
import { flowTextOf, hasSlot, hasSlotInText } from "./documents/flow_text.ts";
import { writeJob } from "./documents/job.ts";
import type { RoutineMoves } from "./documents/moved_routines.ts";
import type { JobStorage } from "./engine/durable/job_storage.ts";
import { placeOf } from "./engine/durable/place.ts";
import { replayStored } from "./engine/durable/stored_replay.ts";
import type { StoreSession } from "./engine/durable/store_session.ts";
import { whereLive } from "./engine/execution/stored_flow_jobs.ts";
import type { EngineHost } from "./engine/execution/engine_host.ts";
import { Flow, originOf, runnerOf } from "./flow.ts";
import { type FormerNames, presentTarget, renameTarget } from "./job/former_names.ts";
import type { Job } from "./job/job.ts";
import type { ConnectionTarget } from "./model/connection.ts";
import type { FlowGraph } from "./model/flow_graph.ts";
import { describeError } from "./values/error_data.ts";
import { isRecord } from "./values/json.ts";
import { isAsyncAnswer } from "./base/thenable.ts";
import type { AdoptionChoice } from "./work_options.ts";
import type { JobRecord, ReplacedFlow, StoredJob, TakenJob } from "./ports/store.ts";
import type { ValueLimits } from "./values/payload.ts";

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
      await moveClaimed(target, stored.record, await storage.claim(adoption.job, stored.record));
    });
  } finally {
    stopUse();
  }
  return [];
}

function storageOf(flow: Flow): JobStorage | undefined {
  return runnerOf(flow).stored?.storage;
}

/** What workers that adopt need of their engine. */
export interface AdoptionHost {
  readonly host: EngineHost;
  readonly session: StoreSession;
  /** The flow to which a worker of the engine moves jobs of an id, and how. */
  adopting(flowId: string): AdoptingFlow | undefined;
  /** Builds a flow of its text. @throws why it cannot be built with the engine's registry */
  build(text: string): Flow;
}

/** A flow to which a worker moves jobs, and the options by which it does. */
export interface AdoptingFlow {
  readonly flow: Flow;
  readonly choose: AdoptionChoice;
}

/**
 * The flows to which a worker moves jobs, by their ids.
 *
 * @throws {TypeError} for one to which nothing would be moved, or with which jobs could not go on afterwards
 */
export function adoptingOf(
  action: string,
  engine: AdoptionHost,
  choose: AdoptionChoice,
  flows: readonly (string | Flow)[] = [],
): ReadonlyMap<string, AdoptingFlow> {
  const begin = `${action}: onChange "adopt"`;
  if (engine.session.store.replaceFlow === undefined) {
    const why = "needs a store that can give a job another flow, and this one has no replaceFlow; use another store";
    throw new TypeError(`${begin} ${why}`);
  }
  if (flows.length === 0) throw new TypeError(`${begin} needs the flows themselves; write flows: [flow]`);
  return new Map(flows.map((flow) => {
    if (flow instanceof Flow) {
      checkAdopting(`${begin}: flow "${flow.id}"`, engine, flow);
      return [flow.id, { flow, choose }];
    }
    const remedy = "write flows: [flow], and let another worker take what is not to be moved";
    throw new TypeError(`${begin} needs the flows themselves, not their ids, as ${describeValue(flow)}; ${remedy}`);
  }));
}

function checkAdopting(action: string, engine: AdoptionHost, flow: Flow): void {
  const { host, isNamed, isVersioned } = originOf(flow);
  const hashOf = (it: Flow) => storageOf(it)?.flowDocument().flowHash;
  const why = host !== engine.host
    ? "belongs to another engine; give new Flow() the engine that works: { engine }"
    : !isNamed
    ? "was made without an id, so no job of before is of it; give new Flow() the id: { id }"
    : !isVersioned
    ? "has no version, and only jobs of a lower one are moved; give new Flow() one, to be raised with each change: { version: 2 }"
    : hashOf(flow) !== hashOf(engine.adopting(flow.id)?.flow ?? flow)
    ? "is another one than that of a worker of this engine; stop that one first"
    : undefined;
  if (why !== undefined) throw new TypeError(`${action} ${why}`);
  try {
    engine.build(flowTextOf(flow));
  } catch (error) {
    const reason = describeError(error).message;
    const remedy = "give new Engine() the registry of the flow";
    throw new TypeError(`${action} cannot be built by the engine that works: ${reason}; ${remedy}`, { cause: error });
  }
}

/** The same for a job whose own flow has this version, a lower one. */
type AdoptingLower = AdoptingFlow & { readonly flowVersion: number };

/** The flow to which a worker moves a job, as the job's own has a lower version. */
export function adoptingFor({ flow: text, record }: TakenJob, engine: AdoptionHost): AdoptingLower | undefined {
  const adopting = engine.adopting(record.flowId);
  if (adopting === undefined || storageOf(adopting.flow)?.hasThisFlow(record) !== false) return undefined;
  const { flowVersion = 1 } = readFlowDocument(JSON.parse(text));
  return flowVersion < adopting.flow.version ? { ...adopting, flowVersion } : undefined;
}

/**
 * Moves a job that this engine has claimed to a version of its flow. It stays claimed.
 *
 * @returns the job as it is then
 * @throws {PreflightError} when it does not fit: it is unchanged
 * @throws {TypeError} for options that do not fit the flow: it is unchanged
 * @throws {FencedError} when another engine has claimed it since
 * @throws {StoreError} when the store keeps failing
 */
export async function adoptTaken(
  { flow, choose, flowVersion }: AdoptingLower,
  session: StoreSession,
  taken: TakenJob,
): Promise<TakenJob> {
  const { jobId, flowId } = taken.record;
  const action = `Cannot adopt job "${jobId}"`;
  const storage = storageOf(flow);
  // Unreachable: `adoptingFor` has found it.
  if (storage === undefined) return taken;
  const options: unknown = choose({ jobId, flowId, flowVersion });
  if (!isRecord(options) || isAsyncAnswer(options) || "dryRun" in options) {
    const remedy = 'return at once how names have changed, as { rename: { before: "after" } }, or {}';
    throw new TypeError(`${action}: onChange has returned ${describeValue(options)}; ${remedy}`);
  }
  return await moveTaken({ action, session, storage, graph: flow, moves: resolveMoves(action, flow, options) }, taken);
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
  target: Target,
  stored: StoredJob,
): Promise<{ readonly adoption: Adoption | undefined; readonly findings: readonly PreflightFinding[] }> {
  const { graph, moves, storage } = target;
  const before = replayStored(stored, graph.limits).finish();
  const { moved: job, findings: ofJob } = moveJob(before, graph, moves);
  const findings = [...ofJob, ...await unreadFindings(target, stored, before.formerNames)];
  if (job !== undefined) job.formerNames = formerNamesAfter(before.formerNames, stored.record, moves);
  const adoption = job === undefined || findings.length > 0
    ? undefined
    : { job, replaced: { ...storage.flowDocument(), snapshot: writeJob(job) } };
  return { adoption, findings };
}

/** Moves a job that was to be claimed, and lets go of it. */
async function moveClaimed(target: Target, record: JobRecord, taken: TakenJob | undefined): Promise<void> {
  const { action, session, storage, graph } = target;
  const why = `${action}: somebody else has just taken it; pause it first`;
  const lost = new StateError("adopt", record.status, why, "elsewhere");
  // A worker of this engine may have taken it, and goes on by the new claim.
  if (taken === undefined || !session.mayTakeUp(taken)) throw lost;
  // If that fails, the job is found as one that this engine has, or is free when the lease has ended.
  const letGo = (job?: Job) =>
    session.letGo(taken, job && placeOf(job, session.timers.now())).catch((error) => session.onError(error));
  let moved = taken;
  try {
    // A claim that was repeated may follow one of this engine by which the job was moved: its names have changed already.
    if (!storage.hasThisFlow(taken.record)) {
      if (taken.record.flowHash !== record.flowHash) throw lost;
      moved = await moveTaken(target, taken);
    }
  } catch (error) {
    if (error instanceof FencedError) throw lost;
    await letGo();
    throw error;
  }
  // What it has waited for may be gone with a routine.
  await letGo(replayStored(moved, graph.limits).finish());
}

function checkFree({ action, session }: Target, record: JobRecord): void {
  const place = whereLive(record, session);
  if (place === undefined) return;
  const why = `it is live ${place}; pause it first, by engine.handle("${record.jobId}").pause()`;
  throw new StateError("adopt", record.status, `${action}: ${why}`, "elsewhere");
}

/** What is in the way of deliveries that nobody has carried out: they are for the slots by the names that those have then. */
async function unreadFindings(
  { graph, moves, session: { store, timers } }: Target,
  { record, flow }: StoredJob,
  former: readonly FormerNames[] = [],
): Promise<readonly PreflightFinding[]> {
  if (record.sent === record.consumed) return [];
  const { commands } = await store.inbox(record, record.consumed, timers.now());
  const wasThere = (it: ConnectionTarget) => hasSlotInText(flow, it);
  const isThere = (it: ConnectionTarget) => hasSlot(graph, it);
  return commands.flatMap(({ sequence, text }) => {
    const command = tryDecode(text, graph.limits);
    if (command?.type !== "deliver") return [];
    const { routine, slot, data } = command;
    const before = presentTarget(command, former, wasThere);
    const after = renameTarget(before, namesOf(moves));
    const found = presentTarget(command, [...former, namesOf(moves)], isThere);
    const isFound = found.routine === after.routine && found.slot === after.slot;
    const path = `inbox[${sequence}]`;
    if (moves.dropped.has(before.routine) || !isThere(after) || !isFound) {
      const why = isThere(found) ? "which another slot is called in this version" : "which the flow does not have";
      const message = `command ${sequence} delivers to slot "${slot}" of routine "${routine}", ${why}; ` +
        "let it be carried out first, by a worker that has the flow of before";
      return [{ code: "unread_command", path, message }];
    }
    return slot === after.slot ? [] : refusedBy(graph, after, data, path);
  });
}

/** The names before a move. */
function namesOf({ renamed, slots }: RoutineMoves): FormerNames {
  return { routines: new Map(renamed), slots: new Map(Array.from(slots, ([id, names]) => [id, new Map(names)])) };
}

/** The moves that a job's document has: those by which deliveries find their slots that have not been carried out. */
function formerNamesAfter(
  former: readonly FormerNames[] = [],
  { sent, consumed }: JobRecord,
  moves: RoutineMoves,
): readonly FormerNames[] | undefined {
  const names = moves.renamed.size + moves.slots.size === 0 ? [] : [namesOf(moves)];
  const all = [...sent === consumed ? [] : former, ...names];
  return all.length === 0 ? undefined : all;
}

/** A command that nobody can read is refused when it is carried out. */
function tryDecode(text: string, limits: ValueLimits) {
  try {
    return decodeCommand(text, limits);
  } catch {
    return undefined;
  }
}
