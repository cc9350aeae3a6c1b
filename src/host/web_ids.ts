import type { IdSource } from "../ports/ids.ts";

/** Makes random UUIDs by the host's cryptographic random number generator. */
export function webIds(): IdSource {
  // Deno returns a string that lies outside of V8's heap, and `JSON.stringify` takes twice as long for a document that
  // contains one. Splitting and joining makes an ordinary string.
  return { id: () => crypto.randomUUID().split("-").join("-"), allowsLazyIds: true };
}
