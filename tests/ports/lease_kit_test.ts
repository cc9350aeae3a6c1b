import { assertEquals } from "@std/assert";
import { test } from "node:test";
import {
  addSurvivor,
  endLease,
  enterOwner,
  forgottenBy,
  hasLease,
  leaseEndOf,
  leaveOwner,
  mayForget,
  type OwnerState,
  renewOwner,
} from "../../src/ports/lease_kit.ts";
import type { EnterQuery } from "../../src/ports/mod.ts";

// What a store keeps of an owner, to the millisecond: a lease that is thought to run when it has ended, or the other way round, is
// a job at two places.

const LEASE_MS = 1_000;
const DAY_MS = 86_400_000;
const STATE: OwnerState = { incarnation: 5, until: 10_000, token: "t", former: [] };

function enter(state: OwnerState | undefined, query: Partial<EnterQuery>): OwnerState | undefined {
  const whole = { owner: "a", leaseMs: LEASE_MS, now: 9_500, token: "new", takesOver: false, ...query };
  return enterOwner(state, whole, () => 6);
}

test("a lease runs until its last millisecond, for the present incarnation alone", () => {
  assertEquals([9_999, 10_000].map((now) => hasLease(STATE, 5, now)), [true, false]);
  assertEquals([hasLease(STATE, 4, 0), hasLease(undefined, 5, 0)], [false, false]);
  assertEquals(renewOwner(STATE, 5, LEASE_MS, 9_999), { state: { ...STATE, until: 10_999 }, isHeld: true });
  const ended = { incarnation: 5, until: 0, token: "", former: [] };
  assertEquals(renewOwner(STATE, 5, LEASE_MS, 10_000), { state: ended, isHeld: false }, "it has ended for good");
  assertEquals(renewOwner(STATE, 4, LEASE_MS, 0), { state: undefined, isHeld: false });
});

test("a renewal that comes late makes no lease shorter, but one by a clock that was set back does", () => {
  const renewed = (now: number) => renewOwner(STATE, 5, LEASE_MS, now).state?.until;
  assertEquals(renewed(8_000), 10_000);
  // It would end ten leases before, and more.
  const far = { ...STATE, until: 20_000 };
  const by = (now: number) => renewOwner(far, 5, LEASE_MS, now).state?.until;
  assertEquals([by(9_001), by(9_000), by(8_999)], [20_000, 10_000, 9_999]);
});

test("an engine that enters again under the same token has the same incarnation; another one has a new one", () => {
  assertEquals(enter(STATE, { token: "t" }), { ...STATE, until: 10_500 });
  assertEquals(enter(STATE, { token: "t", now: 8_000 }), STATE);
  assertEquals(enter(undefined, {}), { incarnation: 6, until: 10_500, token: "new", former: [] });
  assertEquals(enter(STATE, {})?.former, [{ incarnation: 5, until: 10_000 }]);
});

test("former incarnations keep what is left of their leases, unless the new one takes over", () => {
  const state = { ...STATE, former: [{ incarnation: 3, until: 9_500 }, { incarnation: 4, until: 9_501 }] };
  assertEquals(enter(state, {})?.former.map(({ incarnation }) => incarnation), [4, 5]);
  assertEquals(enter(state, { takesOver: true })?.former, []);
});

test("an engine enters again in place of the incarnation that it had, and of no other", () => {
  assertEquals(enter(STATE, { again: 5 })?.incarnation, 6);
  assertEquals(enter(STATE, { again: 4 }), undefined);
  assertEquals(enter(undefined, { again: 4 })?.incarnation, 6);
});

test("of an incarnation that has left only its number is kept; a former one is forgotten", () => {
  const state = { ...STATE, former: [{ incarnation: 3, until: 1 }, { incarnation: 4, until: 2 }] };
  assertEquals(leaveOwner(state, 5), { incarnation: 5, until: 0, token: "", former: state.former });
  assertEquals(leaveOwner(state, 4), { ...state, former: [{ incarnation: 3, until: 1 }] });
});

test("a lease that was found to have ended has ended for good, at its very end", () => {
  const ended = { incarnation: 5, until: 0, token: "", former: [] };
  assertEquals([endLease(STATE, 5, 9_999), endLease(STATE, 5, 10_000)], [undefined, ended]);
  assertEquals([endLease(STATE, 4, 99_999), endLease(undefined, 5, 99_999)], [undefined, undefined]);
  assertEquals(endLease(ended, 5, 99_999), undefined, "that changes nothing");
  assertEquals(endLease({ ...STATE, until: 1 }, 5, 1), ended);
});

test("an owner is forgotten when it has left, or a day after the last of its leases", () => {
  assertEquals([forgottenBy(DAY_MS + 7), forgottenBy(5)], [7, 0]);
  const at = 10_000 + DAY_MS;
  assertEquals([mayForget(STATE, at - 1), mayForget(STATE, at)], [false, true]);
  assertEquals(mayForget(leaveOwner(STATE, 5), 0), true);
  const former = [{ incarnation: 4, until: 10_001 }];
  assertEquals([mayForget({ ...STATE, former }, at), mayForget({ ...STATE, former }, at + 1)], [false, true]);
});

test("the end of a lease is known of the present incarnation and the former ones, not of those that have left", () => {
  const state = { ...STATE, former: [{ incarnation: 4, until: 7 }] };
  assertEquals([5, 4, 3].map((it) => leaseEndOf(state, it)), [10_000, 7, undefined]);
  assertEquals([leaseEndOf(leaveOwner(state, 5), 5), leaseEndOf(undefined, 5)], [undefined, undefined]);
});

test("a thousand incarnations that have survived the loss of their lease are remembered, each once, the last ones", () => {
  let survived: readonly number[] = [];
  for (let incarnation = 1; incarnation <= 1_001; incarnation++) {
    survived = addSurvivor(survived, incarnation);
  }
  assertEquals([survived.length, survived[0], survived.at(-1)], [1_000, 2, 1_001]);
  assertEquals([addSurvivor(survived, 500), addSurvivor(survived, undefined)], [survived, survived]);
});
