import * as fc from "fast-check";
import { lists } from "./list_arbitrary.ts";

/** Where something happens to a job: at a commit, at a thing that a handler does, at an await, idle, or at the start. */
export type Place = "commit" | "op" | "await" | "idle" | "start";

/** Something that happens to a job on its way. */
export type Stop = {
  /** Where. */
  readonly place: Place;
  /** At the how many-th, counted from 1 on this host or since the last stop. */
  readonly count: number;
} & Interruption;

/**
 * `pause` moves the paused job to another host, `rest` resumes it on its own; `snapshot` moves what is written of the
 * live job and forgets its host; the others touch the live job. What is delivered to `late` goes where it is
 * awaited, as soon as it is. `discard` drops a failure, or all of them, as soon as there is one.
 */
export type Interruption =
  | { readonly how: "pause" | "rest"; readonly graceMs: number }
  | { readonly how: "snapshot" | "cancel" }
  | { readonly how: "discard"; readonly failure: number | "all" }
  | { readonly how: "deliver"; readonly to: number; readonly slot: "late" | "input"; readonly seed: number };

/** All places. */
export const PLACES = ["commit", "op", "await", "idle", "start"] as const;

const counts = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 12 }));
const places = fc.oneof(
  { arbitrary: fc.record({ place: fc.constantFrom("commit", "op", "await", "idle"), count: counts }), weight: 5 },
  { arbitrary: fc.constant({ place: "start", count: 1 }), weight: 1 },
);
const pauses = fc.record({ how: fc.constantFrom("pause", "pause", "rest"), graceMs: fc.constantFrom(0, 1_000, 20) });
const snapshots = fc.constant({ how: "snapshot" });
const cancels = fc.constant({ how: "cancel" });
const discards = fc.record({
  how: fc.constant("discard"),
  failure: fc.oneof(fc.nat(3), fc.constant("all")),
});
const deliveries = fc.record({
  how: fc.constant("deliver"),
  to: fc.nat(9),
  slot: fc.constantFrom("late", "late", "input"),
  seed: fc.nat(99),
});

/** Stops after which a job is to end as if there had been none. */
export function quietStops(): fc.Arbitrary<readonly Stop[]> {
  return stops(fc.oneof<fc.Arbitrary<Interruption>[]>(pauses, snapshots), 8);
}

/** All that can happen to a job. */
export function wildStops(): fc.Arbitrary<readonly Stop[]> {
  const some = fc.oneof<fc.WeightedArbitrary<Interruption>[]>(
    { arbitrary: pauses, weight: 5 },
    { arbitrary: snapshots, weight: 4 },
    { arbitrary: deliveries, weight: 3 },
    { arbitrary: cancels, weight: 1 },
    { arbitrary: discards, weight: 1 },
  );
  return stops(some, 10);
}

function stops(interruptions: fc.Arbitrary<Interruption>, most: number): fc.Arbitrary<readonly Stop[]> {
  const one = fc.tuple(places, interruptions).map(([where, what]): Stop => ({ ...where, ...what }));
  return fc.noBias(lists(one, most));
}
