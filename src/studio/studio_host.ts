import { readStored, type StoredDocuments } from "../documents/stored_job.ts";
import type { Engine } from "../engine.ts";
import { hostOf } from "../engine/execution/engine_host.ts";
import type { StoreSession } from "../engine/durable/store_session.ts";
import type { IdSource } from "../ports/ids.ts";
import type { Store, StoredJob } from "../ports/store.ts";
import type { Timers } from "../ports/timers.ts";
import { RequestError } from "./failure.ts";

/** What the studio has of its engine. */
export class StudioHost {
  readonly engine: Engine;
  readonly session: StoreSession;
  readonly ids: IdSource;

  /**
   * Begins the use of an engine.
   *
   * @throws {TypeError} for an engine without store or registry
   */
  constructor(engine: Engine) {
    const { ids, registry, store } = hostOf(engine, "Cannot make a studio");
    if (store === undefined || registry === undefined) {
      const missing = store === undefined ? "store" : "registry";
      throw new TypeError(
        `Cannot make a studio: the engine has no ${missing}; give new Engine() both, store and registry`,
      );
    }
    this.engine = engine;
    this.session = store.session;
    this.ids = ids;
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
