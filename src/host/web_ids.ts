import type { IdSource } from "../ports/ids.ts";

/** The host's cryptographic chance: ids are random UUIDs. */
export function webIds(): IdSource {
  // Deno keeps the text outside of the engine's heap, and a document with one such text is written at half the speed. To
  // join makes one inside, in one piece.
  return { id: () => crypto.randomUUID().split("-").join("-"), allowsLazyIds: true };
}
