import { LAST_INSTANT } from "./base/instant.ts";
import { checkName, checkRange, checkWord } from "./base/options.ts";
import type { NewStoredJob } from "./engine/durable/job_storage.ts";
import type { CreateOptions } from "./flow.ts";
import { PRIORITIES } from "./job/task.ts";
import type { Priority } from "./model/context.ts";
import type { Slot } from "./model/slot.ts";

/** The options of `flow.start`. */
export interface StartOptions extends CreateOptions {
  /** What happens when the store has a job of this id: the call resolves with it, or rejects. @default {"join"} */
  readonly ifExists?: "join" | "throw" | undefined;
  /** When the job begins, in milliseconds since 1970 or as a date. @default {at once} */
  readonly at?: number | Date | undefined;
  /** The queue that it is put in: see `engine.work`. @default {"default"} */
  readonly queue?: string | undefined;
  /** Which jobs are taken first, of those that are due. @default {"normal"} */
  readonly priority?: Priority | undefined;
  /** What the job is marked with, to be found again: see `engine.list`. @default {nothing} */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** One of the jobs of `flow.startMany`: the params are left out where the slot accepts `{}`. */
export type StartItem<E> = Omit<StartOptions, "ifExists"> & { readonly params?: E extends Slot<infer T> ? T : unknown };

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
  for (const [name, value] of Object.entries(tags)) checkName(action, `tags.${name}`, value);
  return {
    queue: checkName(action, "queue", queue),
    priority: PRIORITIES.indexOf(checkWord(action, "priority", priority, PRIORITIES)),
    tags: { ...tags },
    startAt: at === undefined ? undefined : checkRange(action, "at", Number(at), 0, LAST_INSTANT),
  };
}
