/**
 * The port behind which jobs survive, for authors of stores: the types of `Store`, and the helpers that the stores of this
 * library share. `storeContract` of `@routilux/routilux/testing` tests whether a store keeps the contract.
 *
 * @example The lists of a store that holds its records in a map
 * ```ts
 * import { type JobPage, type JobRecord, type ListQuery, pageOfAll } from "@routilux/routilux/store";
 *
 * const records = new Map<string, JobRecord>();
 * const list = (query: ListQuery = {}): JobPage => pageOfAll([...records.values()], query);
 *
 * list(); // { jobs: [] }
 * ```
 *
 * @module
 */
export { FencedError } from "../base/errors.ts";
export { hashText } from "../base/text_hash.ts";
export {
  addSurvivor,
  endLease,
  enterOwner,
  forgottenBy,
  hasLease,
  leaseEndOf,
  leaveOwner,
  mayForget,
  type OwnerState,
  type RenewedOwner,
  renewOwner,
} from "./lease_kit.ts";
export { isPermitted, permit, type Permitted, type QueueHolder, type QueueState } from "./permit_kit.ts";
export type {
  AppendHead,
  ClaimQuery,
  CommandOutcome,
  CommandsAnswer,
  CreateAnswer,
  DueQuery,
  EnterAnswer,
  EnterQuery,
  InboxAnswer,
  Incarnation,
  JobClaim,
  JobFilter,
  JobHead,
  JobLabels,
  JobLife,
  JobPage,
  JobRecord,
  ListQuery,
  MaybePromise,
  NewCommand,
  NewJob,
  NextDueQuery,
  PermitAnswer,
  PermitQuery,
  PurgeQuery,
  QueueLimits,
  Refusal,
  RenewAnswer,
  ReplacedFlow,
  SendAnswer,
  Store,
  StoredCommand,
  StoredJob,
  StoreEvent,
  StoreTransaction,
  TakeAnswer,
  TakenJob,
  TakeQuery,
} from "./store.ts";
export {
  appendTo,
  checkAppend,
  checkClaim,
  claimFor,
  compareByAge,
  dueOfAll,
  dueSince,
  endsUnread,
  holdersOf,
  isAskedFor,
  isFreeFor,
  isHeld,
  isMeant,
  isOwnedBy,
  isPurged,
  type KeptRecord,
  type ListPosition,
  nextDueOfAll,
  outcomeOf,
  PAGE_LENGTH,
  pageOf,
  pageOfAll,
  PendingCalls,
  positionOf,
  recordOf,
  refusalsIn,
  StoreWatchers,
} from "./store_kit.ts";
