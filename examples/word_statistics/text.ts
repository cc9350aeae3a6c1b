/** The number of occurrences by item. */
export type Counts = ReadonlyMap<string, number>;

/** Returns the words of a text, in lower case. */
export function words(text: string): string[] {
  return text.toLowerCase().match(/\p{L}+(?:['’-]\p{L}+)*/gu) ?? [];
}

/** Returns the sentences of a text, as lists of words; a sentence without words is left out. */
export function sentences(text: string): string[][] {
  return text.split(/[.!?]+/).map(words).filter((it) => it.length > 0);
}

/** Estimates the number of syllables of an English word: a group of vowels is one, a silent e is none. */
export function syllables(word: string): number {
  const groups = word.replace(/(?<=[^l])e$/, "").match(/[aeiouy]+/g) ?? [];
  return Math.max(1, groups.length);
}

/** Counts the occurrences of each item. */
export function tally(items: Iterable<string>): Counts {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** Adds up counts. */
export function add(a: Counts, b: Counts): Counts {
  const all = new Map(a);
  for (const [item, count] of b) all.set(item, (all.get(item) ?? 0) + count);
  return all;
}

/** Returns the total of all counts. */
export function sum(counts: Counts): number {
  return Array.from(counts.values()).reduce((a, b) => a + b, 0);
}

/** Returns the most frequent items, in an order that does not depend on the order of counting. */
export function mostFrequent(counts: Counts, howMany: number): string {
  return Array.from(counts).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, howMany)
    .map(([item, count]) => `${item} ${count}`).join(", ");
}
