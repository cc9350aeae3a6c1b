import { checkName, checkOptions, checkRange, checkWord } from "../../base/options.ts";

/** How an engine keeps jobs in its store. */
export interface DurabilityOptions {
  /**
   * `strict`: a handler runs when the commit that made it ready is stored. `relaxed`: handlers run ahead of the store by
   * `flushMs` at the most; after a crash, work that was not stored is repeated. In both modes, a wait for the end or the rest of
   * a job resolves when that is stored. @default {"strict"}
   */
  readonly mode?: "strict" | "relaxed";
  /**
   * The engine's name, unique among the engines of a store: a second one that starts under it ends the right of the first, whose jobs
   * are lost to it. @default {a new id}
   */
  readonly owner?: string;
  /**
   * When the jobs of an engine that had this name before are free for this one: after the end of its lease, or `at once`, for a name
   * that only one process can have, such as that of a service unit. @default {"after lease"}
   */
  readonly takeOver?: "after lease" | "at once";
  /**
   * How long an engine has its jobs after it has last told the store that it lives, which it does three times as often, in
   * milliseconds. @default {30000}
   */
  readonly leaseMs?: number;
  /** How often an engine asks for commands to its live jobs where nothing tells it, in milliseconds. @default {1000} */
  readonly commandPollMs?: number;
  /** For how long the key of a command is remembered after it was carried out, in milliseconds. @default {a day} */
  readonly keyRetentionMs?: number;
  /** How many commands that were not carried out yet an inbox holds. @default {10000} */
  readonly inboxLimit?: number;
  /** How far handlers may run ahead in `relaxed` mode, in milliseconds. @default {50} */
  readonly flushMs?: number;
  /**
   * How long a journal grows before a new snapshot is written, in characters; at least as long as the snapshot itself, so
   * that the cost of a commit does not depend on the size of the job. `Infinity` keeps the whole history.
   * @default {1048576}
   */
  readonly snapshotLength?: number;
  /** How often a write is tried before the job stops. @default {6} */
  readonly attempts?: number;
  /**
   * How long a call of the store may take before it counts as failed, in milliseconds; a renewal of the lease has a third of `leaseMs`
   * at most. So a connection that was lost in silence keeps no job. `Infinity` waits however long it takes. @default {30000}
   */
  readonly answerTimeoutMs?: number;
  /**
   * How long the second try waits for the first, in milliseconds; each further one twice as long, but none longer than ten
   * seconds. @default {100}
   */
  readonly retryDelayMs?: number;
  /**
   * How many processes in a row may die with a task unchanged before the task fails as poisoned. Engines that have only lost their lease
   * with it, and live on, count where there are four times as many. @default {5}
   */
  readonly maxRecoveries?: number;
}

/** The options, completed. */
export type DurabilitySettings = Required<DurabilityOptions>;

const DAY_MS = 86_400_000;

/** The longest pause between two tries, in milliseconds. */
const LONGEST_DELAY_MS = 10_000;

/** How long the next try waits after so many failures, in milliseconds. */
export function delayAfter(failures: number, { retryDelayMs }: DurabilitySettings): number {
  // The power may be infinite, and infinity times nothing is no number.
  return retryDelayMs === 0 ? 0 : Math.min(retryDelayMs * 2 ** (failures - 1), LONGEST_DELAY_MS);
}

/**
 * Completes the options; `name` is the owner where none is given.
 *
 * @throws {TypeError} for an option of the wrong kind
 * @throws {RangeError} for a number out of range
 */
export function resolveDurability(options: DurabilityOptions, name: string): DurabilitySettings {
  const { mode = "strict", owner = name, leaseMs = 30_000, flushMs = 50, snapshotLength = 1_048_576 } = options;
  const { attempts = 6, retryDelayMs = 100, maxRecoveries = 5, takeOver = "after lease" } = options;
  const { commandPollMs = 1_000, keyRetentionMs = DAY_MS, inboxLimit = 10_000, answerTimeoutMs = 30_000 } = options;
  const action = "Cannot create engine";
  const check = (option: keyof DurabilityOptions, value: number, least: number, most: number) =>
    checkRange(action, `durability.${option}`, value, least, most);
  const settings: DurabilitySettings = {
    mode: checkWord(action, "durability.mode", mode, ["strict", "relaxed"]),
    owner: checkName(action, "durability.owner", owner),
    takeOver: checkWord(action, "durability.takeOver", takeOver, ["after lease", "at once"]),
    commandPollMs: check("commandPollMs", commandPollMs, 1, Number.MAX_SAFE_INTEGER),
    keyRetentionMs: check("keyRetentionMs", keyRetentionMs, 0, Number.MAX_SAFE_INTEGER),
    inboxLimit: check("inboxLimit", inboxLimit, 1, Number.MAX_SAFE_INTEGER),
    leaseMs: check("leaseMs", leaseMs, 10, Number.MAX_SAFE_INTEGER),
    flushMs: check("flushMs", flushMs, 0, Number.MAX_SAFE_INTEGER),
    snapshotLength: check("snapshotLength", snapshotLength, 1, Infinity),
    attempts: check("attempts", attempts, 1, Infinity),
    answerTimeoutMs: check("answerTimeoutMs", answerTimeoutMs, 1, Infinity),
    retryDelayMs: check("retryDelayMs", retryDelayMs, 0, Number.MAX_SAFE_INTEGER),
    maxRecoveries: check("maxRecoveries", maxRecoveries, 1, Infinity),
  };
  checkOptions(action, options, settings, "durability.");
  return settings;
}
