/**
 * The port behind which jobs survive, for authors of stores: the types of `Store`, and the helpers that the stores of this
 * library share. `storeContract` of `@routilux/routilux/testing` tests whether a store keeps the contract.
 *
 * @example The lists of a store that holds its records in a map
 * ```ts
 * import { type DueCandidate, dueOfAll, type DueQuery, type JobPage, type ListQuery, pageOfAll } from "@routilux/routilux/store";
 *
 * const jobs = new Map<string, DueCandidate>();
 * const due = (query: DueQuery) => dueOfAll(jobs.values(), query);
 * const list = (query: ListQuery = {}): JobPage => pageOfAll(Array.from(jobs.values(), ({ record }) => record), query);
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
  type DueCandidate,
  dueOfAll,
  isListed,
  type ListPosition,
  PAGE_LENGTH,
  pageOf,
  pageOfAll,
  positionOf,
} from "./store_kit.ts";
