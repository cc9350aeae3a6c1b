import type { Entropy } from "../ports/entropy.ts";

/** The host's cryptographic chance: ids are random UUIDs. */
export function webEntropy(): Entropy {
  return { id: () => crypto.randomUUID() };
}
