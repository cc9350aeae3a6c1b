import { type Counts, mostFrequent, sum } from "./text.ts";

/** Formats the statistics as lines of text. */
export function statistics(tables: ReadonlyMap<string, Counts>): string[] {
  const table = (name: string): Counts => tables.get(name) ?? new Map();
  const [text, words, letters, lengths] = [table("text"), table("words"), table("letters"), table("sentences")];
  const [wordCount, sentenceCount, syllableCount] = [sum(words), sum(lengths), sum(table("syllables"))];
  const wordsPerSentence = wordCount / sentenceCount;
  const ease = 206.835 - 1.015 * wordsPerSentence - 84.6 * syllableCount / wordCount;
  const longest = Math.max(...Array.from(lengths.keys(), Number));
  return [
    `Lines: ${text.get("lines")}`,
    `Paragraphs: ${text.get("paragraphs")}`,
    `Words: ${wordCount}, ${words.size} different`,
    `Most frequent words: ${mostFrequent(words, 10)}`,
    `Longest words: ${longestWords(words, 5).join(", ")}`,
    `Most frequent letters: ${mostFrequent(letters, 10)}`,
    `Sentences: ${sentenceCount}, of ${wordsPerSentence.toFixed(1)} words on average, ${longest} at most`,
    `Syllables: ${syllableCount}`,
    `Reading ease: ${ease.toFixed(1)} (Flesch: 90 is very easy, 60 plain English, 30 difficult)`,
  ];
}

function longestWords(words: Counts, howMany: number): string[] {
  return [...words.keys()].sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).slice(0, howMany);
}
