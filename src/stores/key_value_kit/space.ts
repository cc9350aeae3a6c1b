import type { IdSource } from "../../ports/ids.ts";
import { Cells } from "./cells.ts";
import type { KeyValueClient } from "./client.ts";
import { Logs } from "./log.ts";
import { Owners } from "./owners.ts";
import { RecentJobs } from "./recent_jobs.ts";
import { Records } from "./records.ts";
import { Values } from "./values.ts";

/** The state that all calls of one store share. */
export interface Space {
  /** The storage. */
  readonly client: KeyValueClient;
  /** Makes unique ids for the keys of values. */
  readonly ids: IdSource;
  /** Texts. */
  readonly values: Values;
  /** Lists of texts. */
  readonly logs: Logs;
  /** The keys of jobs. */
  readonly records: Records;
  /** The owners. */
  readonly owners: Owners;
  /** The jobs that this store wrote last. */
  readonly recent: RecentJobs;
}

/** Makes the parts of a store. */
export function spaceOf(client: KeyValueClient, ids: IdSource): Space {
  const values = new Values(client);
  const cells = new Cells(client, values);
  return {
    ...{ client, ids, values, logs: new Logs(values, ids, client.maxValueBytes) },
    ...{ records: new Records(client, cells, ids), owners: new Owners(client, cells, ids), recent: new RecentJobs() },
  };
}
