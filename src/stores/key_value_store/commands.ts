import type { IdSource } from "../../ports/ids.ts";
import type { StoredCommand } from "../../ports/store.ts";
import type { Head } from "./head.ts";
import { nameOf } from "./keys.ts";
import type { KeyValueStorage } from "./storage.ts";
import { inBatches, MissingValueError, type Values } from "./values.ts";

/** The result of an attempt to place a command. */
export interface Placed {
  /** The command's sequence. */
  readonly sequence: number;
  /**
   * Whether this is the caller's command. Otherwise another sender got this sequence first, and its command must be
   * counted before the caller tries again.
   */
  readonly isOwn: boolean;
}

/**
 * The commands of a job. Each is stored under a key with its sequence, which goes to the first sender who sets it.
 * Another value maps the sender's own key to the sequence, so that a command is sent only once. Both values are written
 * before the head counts the command; whoever meets a command that is not counted yet completes the work of its sender.
 */
export interface Commands {
  /** Stores a command after those that the head counts, or finds it if it was stored before. */
  place(head: Head, text: string, key: string): Promise<Placed>;
  /** Reads the commands that the head counts, after a sequence. */
  load(head: Head, after: number): Promise<StoredCommand[]>;
}

/** Makes the access to commands. */
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
