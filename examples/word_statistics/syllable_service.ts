import { syllables, words } from "./text.ts";

/** The service is overloaded: try again a little later. */
export class BusyError extends Error {
  override readonly name = "BusyError";
}

/**
 * Counts the syllables of a text, like a network service: it answers asynchronously, and fails the first one or two
 * calls for some texts. Which texts these are is not random.
 */
export async function countSyllables(text: string, attempt: number): Promise<number> {
  await Promise.resolve();
  if (attempt < text.length % 3) throw new BusyError(`the syllable service is busy, attempt ${attempt}`);
  return words(text).reduce((total, word) => total + syllables(word), 0);
}
