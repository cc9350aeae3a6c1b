import * as fc from "fast-check";

/** Lists that shrink by any of their items: those of fast-check lose their first ones only. */
export function lists<T>(items: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> {
  const entries = items.map((item) => ({ item }));
  return fc.array(fc.option(entries, { freq: 12 }), { maxLength })
    .map((all) => all.flatMap((entry) => entry === null ? [] : [entry.item]));
}
