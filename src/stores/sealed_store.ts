/**
 * A store that encrypts what another store keeps.
 *
 * @module
 */
import { encodeBase64 } from "../base/base64.ts";
import { checkOptions } from "../base/options.ts";
import { PendingCalls } from "../ports/store_kit.ts";
import type {
  JobClaim,
  JobLife,
  JobRecord,
  NewJob,
  Refusal,
  ReplacedFlow,
  Store,
  StoredCommand,
  StoredJob,
  TakeAnswer,
  TakenJob,
} from "../ports/store.ts";
import { SealedTextError } from "./sealed_store/errors.ts";
import { KeyRing } from "./sealed_store/key_ring.ts";
import type { SealingKey } from "./sealed_store/sealing_key.ts";
import { open, type Place, scopeOf, seal, sealAlike } from "./sealed_store/seal.ts";

export { SealedTextError, type SealProblem } from "./sealed_store/errors.ts";
export type { SealingKey } from "./sealed_store/sealing_key.ts";

/** The options of `sealedStore`. */
export interface SealedStoreOptions {
  /** The keys: the first one seals, all of them open. To change the key, put the new one first; see `sealedStore`. */
  readonly keys: readonly SealingKey[];
}

/** The scope and the additional data with which the texts of a job's life are sealed. */
interface Life {
  /** A random name, made when the job is created: it stands in each of the job's snapshots. */
  readonly scope: string;
  readonly flowHash: string;
}

/** How many lives are kept in mind, so that their jobs need not be read before they are written. */
const MOST_LIVES = 10_000;
const SHARED = "shared";
const SCOPE_BYTES = 16;

/**
 * A store whose texts are encrypted by keys that the store never sees: documents of flows and jobs, journals, commands. Each is sealed
 * (AES-256-GCM) together with its place, that is its job, the life of it, and its revision or key, so that whoever can write to the
 * storage cannot change, swap or repeat one without being noticed. What `list` and `take` go by stays readable: ids of jobs and
 * flows, statuses, instants, owners, queues, priorities and tags; and so do the lengths of texts.
 *
 * It cannot notice that a whole job was set back to an earlier state with all its texts and its record, or was deleted.
 *
 * A job one of whose texts cannot be opened is let go, and the engine's observer is told by a `refused` event; a command that was
 * changed is told by a `command_error`. `load` rejects with a `SealedTextError`.
 *
 * To change the key, put the new one first and keep the old one: new texts are sealed by the first, and a job's older texts are
 * replaced as its journal is compacted. An old key is needed until every job that existed before has been deleted.
 *
 * @throws {TypeError} for a key that is none, two of one id, and an unknown option
 * @throws {RangeError} for a key that has not 32 bytes
 *
 * @example
 * ```ts
 * import { Engine, Registry } from "@routilux/routilux";
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 * import { sealedStore } from "@routilux/routilux/stores/sealed";
 *
 * const key = crypto.getRandomValues(new Uint8Array(32)); // in production: from a key management service
 * const store = sealedStore(memoryStore(), { keys: [{ id: "2026-11", key }] });
 * const engine = new Engine({ store, registry: new Registry() });
 * await engine.close();
 * ```
 */
export function sealedStore(store: Store, options: SealedStoreOptions): Store {
  checkOptions("Cannot seal a store", options, { keys: true });
  return new SealedStore(store, new KeyRing(options.keys));
}

/** Its methods are bound, so that they work in a copy made by spreading, too. */
class SealedStore implements Store {
  readonly watch?: NonNullable<Store["watch"]>;
  readonly begin?: NonNullable<Store["begin"]>;
  readonly permit?: NonNullable<Store["permit"]>;
  readonly time?: NonNullable<Store["time"]>;
  readonly replaceFlow?: NonNullable<Store["replaceFlow"]>;
  readonly #inner: Store;
  readonly #ring: KeyRing;
  readonly #pending: PendingCalls = new PendingCalls();
  readonly #lives: Map<number, Life> = new Map();
  #isClosed = false;

  constructor(inner: Store, ring: KeyRing) {
    this.#inner = inner;
    this.#ring = ring;
    if (inner.watch !== undefined) this.watch = inner.watch.bind(inner);
    if (inner.begin !== undefined) this.begin = inner.begin.bind(inner);
    if (inner.time !== undefined) this.time = inner.time.bind(inner);
    const permit = inner.permit?.bind(inner);
    if (permit !== undefined) this.permit = (query) => this.#do(() => permit(query));
    const replaceFlow = inner.replaceFlow?.bind(inner);
    if (replaceFlow !== undefined) {
      this.replaceFlow = (claim, expectedRevision, replaced) =>
        this.#do(async () => {
          const { life, sealed } = await this.#sealFlow(claim, expectedRevision, replaced);
          // If nobody knows whether it was replaced, the job is read before it is written again.
          this.#lives.delete(claim.life);
          await replaceFlow(claim, expectedRevision, sealed);
          if (life !== undefined) this.#remember(claim.life, life);
        });
    }
  }

  readonly create: Store["create"] = (jobs) =>
    this.#do(async () => {
      const made = await Promise.all(jobs.map(async (job) => {
        const life = await newLife(job);
        const [flow, snapshot] = await Promise.all([
          sealAlike(this.#ring, this.#ring.currentId, flowPlace(job), job.flow),
          seal(this.#ring, placeIn(job.jobId, life, "snapshot", 0), job.snapshot),
        ]);
        return { life, sealed: { ...job, flow, snapshot } };
      }));
      const answers = await this.#inner.create(made.map(({ sealed }) => sealed));
      made.forEach(({ life }, i) => {
        const { isNew, record } = answers[i] ?? {};
        if (isNew && record !== undefined) this.#remember(record.life, { ...life, flowHash: record.flowHash });
      });
      return answers;
    });

  readonly find: Store["find"] = (jobId) => this.#do(() => this.#inner.find(jobId));

  readonly load: Store["load"] = (jobId) =>
    this.#do(async () => {
      const stored = await this.#inner.load(jobId);
      return stored && await this.#open(stored);
    });

  readonly append: Store["append"] = (claim, expectedRevision, entries, head, within) =>
    this.#do(async () => {
      const life = entries.length === 0 ? undefined : await this.#lifeOf(claim);
      // Without that life of the job, nothing is written: it will be refused.
      const sealed = entries.map((entry, i) =>
        life === undefined ? "" : seal(this.#ring, placeIn(claim.jobId, life, "entry", expectedRevision + i + 1), entry)
      );
      const told = head?.refused && { ...head, refused: await this.#sealRefusals(claim.jobId, head.refused) };
      return await this.#inner.append(claim, expectedRevision, await Promise.all(sealed), told ?? head, within);
    });

  readonly compact: Store["compact"] = (job, revision, snapshot) =>
    this.#do(async () => {
      const life = await this.#lifeOf(job);
      if (life === undefined) return;
      const sealed = await seal(this.#ring, placeIn(job.jobId, life, "snapshot", revision), snapshot);
      await this.#inner.compact(job, revision, sealed);
    });

  readonly send: Store["send"] = (job, command) =>
    this.#do(async () => {
      const sendBy = async (keyId: string) => {
        const text = await sealAlike(this.#ring, keyId, commandPlace(job.jobId, command.key), command.text);
        return await this.#inner.send(job, { ...command, text });
      };
      const answer = await sendBy(this.#ring.currentId);
      if (answer !== "differs") return answer;
      // It may have been sent before the key was changed. That stores nothing: the sender's key is known.
      for (const keyId of this.#ring.olderIds) if (await sendBy(keyId) === "known") return "known";
      return answer;
    });

  readonly outcome: Store["outcome"] = (job, key) =>
    this.#do(async () => {
      const outcome = await this.#inner.outcome(job, key);
      if (outcome?.status !== "refused") return outcome;
      return { ...outcome, reason: await open(this.#ring, refusalPlace(job.jobId), outcome.reason) };
    });

  readonly inbox: Store["inbox"] = (life, after, now) =>
    this.#do(async () => {
      const answer = await this.#inner.inbox(life, after, now);
      return { ...answer, commands: await this.#openCommands(life.jobId, answer.commands) };
    });

  readonly commands: Store["commands"] = (owner, now) =>
    this.#do(async () => {
      const answer = await this.#inner.commands(owner, now);
      const open = async (job: typeof answer.jobs[number]) => ({
        ...job,
        commands: await this.#openCommands(job.jobId, job.commands),
      });
      return { ...answer, jobs: await Promise.all(answer.jobs.map(open)) };
    });

  readonly enter: Store["enter"] = (query) => this.#do(() => this.#inner.enter(query));
  readonly renew: Store["renew"] = (...args) => this.#do(() => this.#inner.renew(...args));
  readonly leave: Store["leave"] = (owner) => this.#do(() => this.#inner.leave(owner));
  readonly held: Store["held"] = (owner) => this.#do(() => this.#inner.held(owner));
  readonly take: Store["take"] = (query) => this.#do(async () => this.#openTaken(await this.#inner.take(query)));
  readonly claim: Store["claim"] = (query) => this.#do(async () => this.#openTaken(await this.#inner.claim(query)));
  readonly nextDueAt: Store["nextDueAt"] = (query) => this.#do(() => this.#inner.nextDueAt(query));
  readonly list: Store["list"] = (query) => this.#do(() => this.#inner.list(query));
  readonly count: Store["count"] = (filter) => this.#do(() => this.#inner.count(filter));
  readonly delete: Store["delete"] = (life) => this.#do(() => this.#inner.delete(life));
  readonly purge: Store["purge"] = (query) => this.#do(() => this.#inner.purge(query));

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pending.finished();
    await this.#inner.close();
  }

  /** Does what a call asks for, unless the store is closed; `close` waits for it. */
  #do<T>(call: () => T | Promise<T>): Promise<T> {
    if (this.#isClosed) {
      return Promise.reject(new Error("The sealed store is closed; close it last, by engine.close()"));
    }
    return this.#pending.add(Promise.resolve().then(call));
  }

  async #openTaken(answer: TakeAnswer): Promise<TakeAnswer> {
    return { ...answer, jobs: await Promise.all(answer.jobs.map((job) => this.#openOrRefuse(job))) };
  }

  /** A job that cannot be opened must not stand in the way of the others of an answer: reading it throws. */
  async #openOrRefuse(job: TakenJob): Promise<TakenJob> {
    try {
      return await this.#open(job);
    } catch (error) {
      const refuse = () => {
        throw error;
      };
      return Object.defineProperties({ ...job }, { flow: { get: refuse }, snapshot: { get: refuse } });
    }
  }

  async #open<T extends StoredJob>(stored: T): Promise<T> {
    const { record, flow, snapshot, snapshotRevision, entries } = stored;
    const { jobId, flowHash } = record;
    // A text that is not sealed has no scope: opening it says so.
    const life = { scope: scopeOf(snapshot) ?? "", flowHash };
    const openAt = (part: "snapshot" | "entry", revision: number, text: string) =>
      open(this.#ring, placeIn(jobId, life, part, revision), text);
    const opened = await Promise.all([
      open(this.#ring, flowPlace(record), flow),
      openAt("snapshot", snapshotRevision, snapshot),
      Promise.all(entries.map((entry, i) => openAt("entry", snapshotRevision + i + 1, entry))),
    ]);
    this.#remember(record.life, life);
    return { ...stored, flow: opened[0], snapshot: opened[1], entries: opened[2] };
  }

  /** A command that was changed is passed on as it is, and refused as none; for one of an unknown key the store fails. */
  #openCommands(jobId: string, commands: readonly StoredCommand[]): Promise<readonly StoredCommand[]> {
    return Promise.all(commands.map(async (command) => {
      try {
        return { ...command, text: await open(this.#ring, commandPlace(jobId, command.key), command.text) };
      } catch (error) {
        if (!(error instanceof SealedTextError) || error.problem === "unknown key") throw error;
        return command;
      }
    }));
  }

  #sealRefusals(jobId: string, refused: readonly Refusal[]): Promise<readonly Refusal[]> {
    const sealReason = async ({ sequence, reason }: Refusal) => ({
      sequence,
      reason: await seal(this.#ring, refusalPlace(jobId), reason),
    });
    return Promise.all(refused.map(sealReason));
  }

  async #sealFlow(
    claim: JobClaim,
    revision: number,
    replaced: ReplacedFlow,
  ): Promise<{ readonly life: Life | undefined; readonly sealed: ReplacedFlow }> {
    const [known, record] = [await this.#lifeOf(claim), await this.#inner.find(claim.jobId)];
    const { flowHash } = replaced;
    // Without that life of the job, nothing is written: it will be refused.
    if (known === undefined || record === undefined) {
      return { life: undefined, sealed: { flowHash, flow: "", snapshot: "" } };
    }
    const life = { ...known, flowHash };
    const [flow, snapshot] = await Promise.all([
      sealAlike(this.#ring, this.#ring.currentId, flowPlace({ ...record, flowHash }), replaced.flow),
      seal(this.#ring, placeIn(claim.jobId, life, "snapshot", revision), replaced.snapshot),
    ]);
    return { life, sealed: { flowHash, flow, snapshot } };
  }

  async #lifeOf({ jobId, life }: JobLife): Promise<Life | undefined> {
    const known = this.#lives.get(life);
    if (known !== undefined) return known;
    const stored = await this.#inner.load(jobId);
    if (stored?.record.life !== life) return undefined;
    await this.#open(stored);
    return this.#lives.get(life);
  }

  #remember(number: number, life: Life): void {
    this.#lives.delete(number);
    this.#lives.set(number, life);
    const [oldest] = this.#lives.keys();
    if (this.#lives.size > MOST_LIVES && oldest !== undefined) this.#lives.delete(oldest);
  }
}

/** A call that is repeated with its token makes the same life. */
async function newLife({ jobId, token, flowHash }: NewJob): Promise<Life> {
  const name = new TextEncoder().encode(JSON.stringify([jobId, token]));
  const hash = await crypto.subtle.digest("SHA-256", name);
  return { scope: encodeBase64(new Uint8Array(hash).slice(0, SCOPE_BYTES)), flowHash };
}

function placeIn(jobId: string, { scope, flowHash }: Life, part: "snapshot" | "entry", revision: number): Place {
  return { jobId, part: `${part} ${revision}`, scope, bound: [jobId, part, String(revision), flowHash] };
}

/** Not bound to the job: stores keep a text once for all jobs of a flow. Each job is bound to the flow's hash. */
function flowPlace({ jobId, flowId, flowHash }: Pick<JobRecord, "jobId" | "flowId" | "flowHash">): Place {
  return { jobId, part: "the flow", scope: SHARED, bound: ["flow", flowId, flowHash] };
}

function commandPlace(jobId: string, key: string): Place {
  return { jobId, part: `command ${JSON.stringify(key)}`, scope: SHARED, bound: ["command", jobId, key] };
}

function refusalPlace(jobId: string): Place {
  return { jobId, part: "a refusal", scope: SHARED, bound: ["refusal", jobId] };
}
