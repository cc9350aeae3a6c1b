/** How often each of some things occurs. */
export type Counts = ReadonlyMap<string, number>;

/** The words of a text, in lower case. */
export function words(text: string): string[] {
  return text.toLowerCase().match(/\p{L}+(?:['’-]\p{L}+)*/gu) ?? [];
}

/** The sentences of a text, each with its words; what has no word is none. */
export function sentences(text: string): string[][] {
  return text.split(/[.!?]+/).map(words).filter((it) => it.length > 0);
}

/** How many syllables a word has, by the rule of thumb for English: a group of vowels is one, a silent e is none. */
export function syllables(word: string): number {
  const groups = word.replace(/(?<=[^l])e$/, "").match(/[aeiouy]+/g) ?? [];
  return Math.max(1, groups.length);
}

/** Counts how often each item occurs. */
export function tally(items: Iterable<string>): Counts {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** Adds counts up. */
export function add(a: Counts, b: Counts): Counts {
  const all = new Map(a);
  for (const [item, count] of b) all.set(item, (all.get(item) ?? 0) + count);
  return all;
}

/** How many there are in all. */
export function sum(counts: Counts): number {
  return Array.from(counts.values()).reduce((a, b) => a + b, 0);
}

/** The most frequent items, in an order that does not depend on who was counted first. */
export function mostFrequent(counts: Counts, howMany: number): string {
  return Array.from(counts).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, howMany)
    .map(([item, count]) => `${item} ${count}`).join(", ");
}
