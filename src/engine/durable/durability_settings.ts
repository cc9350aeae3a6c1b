import { checkName, checkRange, checkWord } from "../../base/options.ts";

/** How an engine keeps jobs in its store. */
export interface DurabilityOptions {
  /**
   * `strict`: a handler runs when the commit that made it ready is stored. `relaxed`: handlers run ahead of the store by
   * `flushMs` at the most; after a crash, work that was not stored is repeated. In both modes, a wait for the end or the rest of
   * a job resolves when that is stored. @default {"strict"}
   */
  readonly mode?: "strict" | "relaxed";
  /**
   * The engine's name. An engine that starts under the name of another takes over its jobs at once, without waiting for the end
   * of their leases: for a process that is started again. @default {a new id}
   */
  readonly owner?: string;
  /** How long a claim on a job lasts unless it is renewed, in milliseconds. @default {30000} */
  readonly leaseMs?: number;
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
   * How long the second try waits for the first, in milliseconds; each further one twice as long, but none longer than ten
   * seconds. @default {100}
   */
  readonly retryDelayMs?: number;
  /** How many recoveries in a row may find a task unchanged before the task fails as poisoned. @default {5} */
  readonly maxRecoveries?: number;
}

/** The options, completed. */
export type DurabilitySettings = Required<DurabilityOptions>;

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
  const { attempts = 6, retryDelayMs = 100, maxRecoveries = 5 } = options;
  const action = "Cannot create engine";
  const check = (option: keyof DurabilityOptions, value: number, least: number, most: number) =>
    checkRange(action, `durability.${option}`, value, least, most);
  return {
    mode: checkWord(action, "durability.mode", mode, ["strict", "relaxed"]),
    owner: checkName(action, "durability.owner", owner),
    leaseMs: check("leaseMs", leaseMs, 10, Number.MAX_SAFE_INTEGER),
    flushMs: check("flushMs", flushMs, 0, Number.MAX_SAFE_INTEGER),
    snapshotLength: check("snapshotLength", snapshotLength, 1, Infinity),
    attempts: check("attempts", attempts, 1, Infinity),
    retryDelayMs: check("retryDelayMs", retryDelayMs, 0, Number.MAX_SAFE_INTEGER),
    maxRecoveries: check("maxRecoveries", maxRecoveries, 1, Infinity),
  };
}
