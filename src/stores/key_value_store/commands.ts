import type { IdSource } from "../../ports/ids.ts";
import type { StoredCommand } from "../../ports/store.ts";
import type { Head } from "./head.ts";
import { nameOf } from "./keys.ts";
import type { KeyValueStorage } from "./storage.ts";
import { inBatches, MissingValueError, type Values } from "./values.ts";

/** Where a command of a job stands. */
export interface Placed {
  /** Its number. */
  readonly sequence: number;
  /** Whether it is the one that was asked for; else somebody else's who was on the way, and must be counted first. */
  readonly isOwn: boolean;
}

/**
 * The commands of a job, each under the key of its number, which the first who writes it gets. Under the key of its own key
 * stands its number, so that it is sent once. Both are there before the head counts it: who meets a command that is not
 * counted yet finishes what its sender has begun.
 */
export interface Commands {
  /** Puts a command after those that the head has counted, or finds where it is already. */
  place(head: Head, text: string, key: string): Promise<Placed>;
  /** The commands that the head has counted, after one. */
  load(head: Head, after: number): Promise<StoredCommand[]>;
}

/** Makes commands of jobs. */
export function commandsOf(storage: KeyValueStorage, values: Values, ids: IdSource): Commands {
  const keyOf = ({ data }: Head, sequence: number): string => `${data}/c/${sequence}`;
  const readAt = async (head: Head, sequence: number): Promise<StoredCommand> => {
    const entry = await storage.get(keyOf(head, sequence));
    if (entry === undefined) throw new MissingValueError(`The storage has no command ${sequence} of "${head.jobId}"`);
    const command: unknown = JSON.parse(await values.unpack(entry.value));
    if (!isCommand(command)) throw new TypeError(`The storage has no command under the key "${keyOf(head, sequence)}"`);
    return { sequence, key: command.key, text: command.text };
  };
  return {
    async place(head, text, key) {
      const claim = `${head.data}/k/${await nameOf(key)}`;
      const claimed = await storage.get(claim);
      if (claimed !== undefined) return { sequence: Number(claimed.value), isOwn: true };
      const sequence = head.sent + 1;
      const packed = await values.pack(`${head.data}/b/${ids.id()}`, JSON.stringify({ key, text }));
      if (await storage.set(keyOf(head, sequence), packed, undefined) !== undefined) {
        await storage.set(claim, String(sequence), undefined);
        return { sequence, isOwn: true };
      }
      await values.removePacked(packed);
      const other = await readAt(head, sequence);
      await storage.set(`${head.data}/k/${await nameOf(other.key)}`, String(sequence), undefined);
      return { sequence, isOwn: other.key === key };
    },
    load: async (head, after) =>
      await inBatches(
        Array.from({ length: Math.max(0, head.sent - after) }, (_, index) => after + index + 1),
        async (sequence) => await readAt(head, sequence),
      ),
  };
}

function isCommand(value: unknown): value is { readonly key: string; readonly text: string } {
  return typeof value === "object" && value !== null && "key" in value && typeof value.key === "string" &&
    "text" in value && typeof value.text === "string";
}
