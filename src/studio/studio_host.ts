import { readStored, type StoredDocuments } from "../documents/stored_job.ts";
import type { Engine } from "../engine.ts";
import { hostOf } from "../engine/execution/engine_host.ts";
import type { StoreSession } from "../engine/durable/store_session.ts";
import type { IdSource } from "../ports/ids.ts";
import type { Store, StoredJob } from "../ports/store.ts";
import type { Timers } from "../ports/timers.ts";
import type { ConnectionTarget } from "../model/connection.ts";
import type { JobRecord } from "../ports/store.ts";
import { type StoreAccess, storeAccess } from "../store_access.ts";
import type { Flow } from "../flow.ts";
import type { Registry } from "../values/registry.ts";
import { anyData, type DataField, fieldOfSchema } from "./data_fields.ts";
import { RequestError } from "./failure.ts";

/** What the studio has of its engine. */
export class StudioHost {
  readonly engine: Engine;
  readonly session: StoreSession;
  readonly ids: IdSource;
  readonly registry: Registry;
  /** The flows whose jobs can be started though the store may have none of them. */
  readonly flows: readonly Flow[];
  readonly #access: StoreAccess;

  /**
   * Begins the use of an engine.
   *
   * @throws {TypeError} for an engine without store or registry
   */
  constructor(engine: Engine, flows: readonly Flow[] = []) {
    const host = hostOf(engine, "Cannot make a studio");
    const { ids, registry, store } = host;
    const access = storeAccess.get(host);
    if (store === undefined || registry === undefined || access === undefined) {
      const missing = store === undefined ? "store" : "registry";
      throw new TypeError(
        `Cannot make a studio: the engine has no ${missing}; give new Engine() both, store and registry`,
      );
    }
    this.engine = engine;
    this.session = store.session;
    this.ids = ids;
    this.registry = registry;
    this.flows = flows;
    this.#access = access("Cannot make a studio");
  }

  /** The store. */
  get store(): Store {
    this.session.checkOpen("Cannot show jobs");
    return this.session.store;
  }

  /** The clock. */
  get timers(): Timers {
    return this.session.timers;
  }

  /**
   * The field for data that is delivered to a slot: by its schema, where the flow can be built here and the schema says what it takes.
   */
  async fieldOf(record: JobRecord, { routine, slot }: ConnectionTarget): Promise<DataField> {
    const flow = await this.flowOf(record);
    try {
      return fieldOfSchema(flow?.slot(routine, slot).schema);
    } catch {
      return anyData(); // There is no such slot: that is said when something is delivered to it.
    }
  }

  /** The flow of a job, if it can be built here. */
  flowOf(record: JobRecord): Promise<Flow | undefined> {
    return this.#access.flowOf(record);
  }

  /**
   * Loads a job.
   *
   * @throws {RequestError} when there is none of this id
   */
  async load(jobId: string): Promise<StoredJob> {
    const stored = await this.store.load(jobId);
    if (stored === undefined) throw noSuchJob(jobId);
    return stored;
  }

  /**
   * The documents of a job, as it is or was at a revision.
   *
   * @throws {RequestError} for a revision that is not kept
   */
  read(stored: StoredJob, revision?: number): StoredDocuments {
    const { record, snapshotRevision } = stored;
    if (revision !== undefined && (revision < snapshotRevision || revision > record.revision)) {
      const kept = `revisions ${snapshotRevision} to ${record.revision} are kept`;
      throw new RequestError(404, `There is no revision ${revision} of this job: its ${kept}`);
    }
    return readStored(stored, revision);
  }
}

/** The refusal for an id of which the store has no job. */
export function noSuchJob(jobId: string): RequestError {
  const shown = jobId.length > 100 ? `${jobId.slice(0, 100)}…` : jobId;
  return new RequestError(404, `There is no job ${JSON.stringify(shown)}: it was deleted, or never there`);
}
