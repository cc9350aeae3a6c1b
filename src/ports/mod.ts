/**
 * The port behind which jobs survive, for authors of stores: the types of `Store`, and the helpers that the stores of this
 * library share. `storeContract` of `@routilux/routilux/testing` tests whether a store keeps the contract.
 *
 * @example The lists of a store that holds its records in a map
 * ```ts
 * import { type DueQuery, isDue, type JobPage, type JobRecord, type ListQuery, pageOfAll } from "@routilux/routilux/store";
 *
 * const records = new Map<string, JobRecord>();
 * const due = (query: DueQuery): JobRecord[] =>
 *   [...records.values()].filter((record) => isDue(record, query)).slice(0, query.limit);
 * const list = (query: ListQuery = {}): JobPage => pageOfAll([...records.values()], query);
 *
 * list(); // { jobs: [] }
 * ```
 *
 * @module
 */
export { FencedError } from "../base/errors.ts";
export type {
  DueQuery,
  JobHead,
  JobPage,
  JobRecord,
  ListQuery,
  MaybePromise,
  NewJob,
  Store,
  StoredCommand,
  StoredJob,
} from "./store.ts";
export {
  checkEntries,
  CommandWatchers,
  compareByAge,
  isDue,
  isListed,
  type ListPosition,
  PAGE_LENGTH,
  pageOf,
  pageOfAll,
  positionOf,
} from "./store_kit.ts";
