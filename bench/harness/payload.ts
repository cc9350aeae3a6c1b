/** An item of a workload: the number that its stages increment. */
export interface Counted {
  readonly v: number;
}

/** The payload `P(i)`: about 200 bytes as JSON. */
export interface Payload extends Counted {
  readonly id: string;
  readonly tags: readonly string[];
  readonly nested: { readonly when: string; readonly price: number; readonly open: boolean; readonly note: null };
  readonly text: string;
}

/** Makes the payload of a number; payloads share no objects. */
export function payload(v: number): Payload {
  return {
    v,
    id: `item-${v}`,
    tags: ["one", "two", "three"],
    nested: { when: "2026-01-31T12:00:00.000Z", price: v / 4, open: true, note: null },
    text: "the quick brown fox jumps over the lazy dog",
  };
}

/** Makes a deeply frozen payload of a number. */
export function frozenPayload(v: number): Payload {
  const made = payload(v);
  Object.freeze(made.tags);
  Object.freeze(made.nested);
  return Object.freeze(made);
}

/** Makes an item from a plain number. */
export function counted(v: number): Counted {
  return { v };
}

/** The next stage's item. */
export function countUp(item: Counted): Counted {
  return { v: item.v + 1 };
}

/** The next stage's payload: a new object that shares its nested objects. */
export function countUpPayload(item: Payload): Payload {
  return { ...item, v: item.v + 1 };
}
