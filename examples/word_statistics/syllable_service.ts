import { syllables, words } from "./text.ts";

/** The service has too much to do: it is worth asking again a little later. */
export class BusyError extends Error {
  override readonly name = "BusyError";
}

/**
 * Counts the syllables of a text, as a service on the network might: it answers later, and is busy the first time, or the
 * first two, that it is asked about some texts. Which ones does not depend on chance.
 */
export async function countSyllables(text: string, attempt: number): Promise<number> {
  await Promise.resolve();
  if (attempt < text.length % 3) throw new BusyError(`the syllable service is busy, attempt ${attempt}`);
  return words(text).reduce((total, word) => total + syllables(word), 0);
}
