import { LAST_INSTANT } from "./base/instant.ts";
import { checkName, checkRange, checkTags, checkWord } from "./base/options.ts";
import type { NewStoredJob } from "./engine/durable/job_storage.ts";
import type { CreateOptions } from "./flow_options.ts";
import { PRIORITIES } from "./job/task.ts";
import type { Priority } from "./model/context.ts";
import type { EntryParams } from "./model/entry_point.ts";

/** The options of `flow.start`. */
export interface StartOptions extends CreateOptions {
  /** What happens when the store has a job of this id: the call resolves with it, or rejects. @default {"join"} */
  readonly ifExists?: "join" | "throw" | undefined;
  /** When the job begins, by the clock of this process, in milliseconds since 1970 or as a date. @default {at once} */
  readonly at?: number | Date | undefined;
  /** The queue that it is put in: see `engine.work`. @default {"default"} */
  readonly queue?: string | undefined;
  /** How urgent the job is: workers take urgent jobs first, of those that are due. @default {"normal"} */
  readonly priority?: Priority | undefined;
  /** Names and texts by which the job is found later: see `engine.list`. @default {nothing} */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** One of the jobs of `flow.startMany`: the params are left out where the slot accepts `{}`. */
export type StartItem<E> = Omit<StartOptions, "ifExists"> & { readonly params?: EntryParams<E> };

/** An instant in milliseconds; what is neither a number nor a date stays as it is, for the message of its check. */
export function instantOf(at: number | Date): number {
  return typeof at === "object" ? Number(at) : at;
}

/**
 * Checks the options of a start: what is said of the job, and when it begins.
 *
 * @throws {TypeError} for a word or a name that is none
 * @throws {RangeError} for an instant out of range
 */
export function checkStart(
  action: string,
  { at, queue = "default", priority = "normal", tags = {} }: StartOptions,
): Required<Omit<NewStoredJob, "job">> & { readonly startAt: number | undefined } {
  checkTags(action, tags);
  return {
    queue: checkName(action, "queue", queue),
    priority: PRIORITIES.indexOf(checkWord(action, "priority", priority, PRIORITIES)),
    tags: { ...tags },
    startAt: at === undefined
      ? undefined
      : checkRange(action, "at (a Date, or milliseconds since 1970)", instantOf(at), 0, LAST_INSTANT),
  };
}
