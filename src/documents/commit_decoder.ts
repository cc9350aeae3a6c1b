import { DEFAULT_VALUE_LIMITS, type ValueLimits } from "../values/payload.ts";
import type { JsonValue } from "../values/json.ts";
import type { Path } from "../base/path.ts";
import type { Commit, KeyChange, MigratedState, SideEffects, Verdict } from "../job/commit.ts";
import type { Job } from "../job/job.ts";
import type { SlotChange } from "../job/slot_data.ts";
import { dataOf, type Task } from "../job/task.ts";
import type { Claim } from "./claim.ts";
import { checkCommit } from "./commit_checks.ts";
import type {
  ClaimDocument,
  CommitDocument,
  EffectsDocument,
  EntryDocument,
  KeyChangeDocument,
  MigratedDocument,
  SlotChangeDocument,
  VerdictDocument,
} from "./commit_documents.ts";
import { commitSchema, commitSchemaOf } from "./commit_schema.ts";
import { type Format, openEnvelope } from "./envelope.ts";
import { PartDecoder, readError, readInstant, readList } from "./part_decoder.ts";

/** The format of commits. */
export const COMMIT_FORMAT: Format = {
  name: "routilux/commit",
  version: 1,
  migrations: [],
  schema: commitSchema,
  schemaOf: commitSchemaOf,
};

/** Finds a task of the job by its id. */
export type FindTask = (id: number) => Task | undefined;

/** Reads the entries of a job's journal. */
export class CommitDecoder {
  readonly #job: Job;
  readonly #find: FindTask;
  readonly #parts: PartDecoder;

  /** Makes a decoder for a job whose tasks `find` finds. */
  constructor(job: Job, find: FindTask, limits: ValueLimits = DEFAULT_VALUE_LIMITS) {
    this.#job = job;
    this.#find = find;
    this.#parts = new PartDecoder(COMMIT_FORMAT.name, limits, true);
  }

  /** The classes that the values read so far name, with the first place of each. */
  get classes(): ReadonlyMap<string, string> {
    return this.#parts.values.classes;
  }

  /**
   * Reads an entry for a job in the state that it was made in, and adopts it: what is in it is frozen.
   *
   * @throws {SerializationError} naming the path, what was expected and what came; also for a commit that a job in this
   * state cannot have made
   */
  read(json: unknown): Commit | Claim {
    const document = openEnvelope(json, COMMIT_FORMAT) as EntryDocument;
    if (document.kind === "claim") return readClaim(document);
    const commit = this.#commit(document);
    checkCommit(commit, this.#job, (path, expected, got) => this.#parts.fail(path, expected, got));
    return commit;
  }

  #commit(document: CommitDocument): Commit {
    const parts = this.#parts;
    const time = { at: readInstant(document.at), ranMs: document.ranMs };
    switch (document.kind) {
      case "merge":
        return {
          kind: "merge",
          time,
          task: this.#task(document.task, "task"),
          merged: parts.merged(document.merged, "merged"),
          slot: document.slot === undefined ? undefined : this.#slotChange(document.slot, "slot"),
          records: readList(document.records, "records", parts.record.bind(parts)),
        };
      case "step":
        return {
          kind: "step",
          time,
          task: this.#task(document.task, "task"),
          step: document.step,
          outcome: document.outcome,
          progress: parts.values.readOptional(document.progress, "progress"),
          created: readList(document.created, "created", parts.task.bind(parts)),
          // It stands among the records.
          started: undefined,
          records: readList(document.records, "records", parts.record.bind(parts)),
          effects: document.effects === undefined ? undefined : this.#effects(document.effects),
          version: document.classVersion,
        };
      case "failure":
        return {
          kind: "failure",
          time,
          task: this.#task(document.task, "task"),
          error: readError(document.error),
          verdict: this.#verdict(document.verdict),
          active: readList(document.active, "active", (id, path) => this.#pending(id, path)),
          records: readList(document.records, "records", parts.record.bind(parts)),
          version: document.classVersion,
        };
      case "deliver": {
        const task = document.task === undefined
          // Unreachable default: the schema asks for one of the two.
          ? this.#awaited(document.fills ?? 0)
          : parts.task(document.task, "task");
        const data = document.task === undefined ? parts.values.readOptional(document.data, "data") : dataOf(task);
        return { kind: "deliver", time, task, data };
      }
      case "deferred":
        return {
          kind: "deferred",
          time,
          created: readList(document.created, "created", parts.task.bind(parts)),
          records: readList(document.records, "records", parts.record.bind(parts)),
        };
      case "status":
        return {
          kind: "status",
          time,
          status: document.status,
          active: readList(document.active, "active", (id, path) => this.#pending(id, path)),
          error: document.error && readError(document.error),
          pausePoint: document.pausePoint === undefined
            ? undefined
            : parts.pausePoint(document.pausePoint, "pausePoint"),
          redrive: document.redrive === true,
          migrated: readList(document.migrated, "migrated", (migrated, path) => this.#migrated(migrated, path)),
        };
    }
  }

  #task(id: number, path: Path): Task {
    return this.#find(id) ?? this.#parts.fail(path, "the id of a task that the job has", String(id));
  }

  #pending(id: number, path: Path): Task {
    const task = this.#task(id, path);
    return this.#job.tasks.has(task) ? task : this.#parts.fail(path, "the id of a pending task", String(id));
  }

  #awaited(id: number): Task {
    const task = this.#pending(id, "fills");
    if (task.details?.awaiting !== undefined) return task;
    return this.#parts.fail("fills", "the id of a task that awaits a delivery", String(id));
  }

  #effects({ slots, state, shared, log, outputs, deferred }: EffectsDocument): SideEffects {
    const parts = this.#parts;
    const changes = (documents: readonly KeyChangeDocument[] | undefined, path: string) =>
      readList(documents, path, (change, at) => this.#keyChange(change, at));
    return {
      slots: readList(slots, "effects.slots", (change, path) => this.#slotChange(change, path)),
      state: changes(state, "effects.state"),
      shared: changes(shared, "effects.shared"),
      log: readList(log, "effects.log", parts.log.bind(parts)),
      outputs: readList(outputs, "effects.outputs", parts.output.bind(parts)),
      deferred: readList(deferred, "effects.deferred", parts.deferred.bind(parts)),
    };
  }

  #slotChange({ routine, slot, append, clear, set }: SlotChangeDocument, path: Path): SlotChange {
    const at = { routine, slot };
    if (append !== undefined) {
      const read = ({ item }: { readonly item: JsonValue }, place: Path) =>
        this.#parts.values.read(item, place, ".item");
      return { ...at, kind: "append", items: this.#parts.byKey(append, `${path}.append`, read) };
    }
    if (clear !== undefined) {
      return { ...at, kind: "clear", upTo: this.#parts.byKey(clear, `${path}.clear`, ({ upTo }) => upTo) };
    }
    return { ...at, kind: "set", value: this.#parts.values.readOptional(set?.value, path, ".set.value") };
  }

  #keyChange({ key, value }: KeyChangeDocument, path: Path): KeyChange {
    return [key, this.#parts.values.readOptional(value, path, ".value")];
  }

  #verdict({ retry, end }: VerdictDocument): Verdict {
    if (retry !== undefined) return { kind: "retry", ...retry, notBefore: readInstant(retry.notBefore) };
    // Unreachable: the schema asks for one of the two.
    if (end === undefined) return this.#parts.fail("verdict", "a retry or an end", "neither");
    return { kind: "end", status: end.status, stop: end.stop === true };
  }

  #migrated({ routine, state, version }: MigratedDocument, path: Path): MigratedState {
    const changes = readList(state, `${path}.state`, (change, at) => this.#keyChange(change, at));
    return { routine, version, state: changes };
  }
}

function readClaim({ at, consumed = 0, epoch, owner, tried, until }: ClaimDocument): Claim {
  return {
    kind: "claim",
    at: readInstant(at),
    consumed,
    epoch,
    owner,
    tried: tried ?? [],
    until: until === undefined ? undefined : readInstant(until),
  };
}
