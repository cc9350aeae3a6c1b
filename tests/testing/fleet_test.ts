import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { Deadlines } from "../../src/engine/execution/deadlines.ts";
import { Flow, Registry, Routine } from "../../mod.ts";
import { Children } from "../../src/job/children.ts";
import { ReadyQueue } from "../../src/job/ready_queue.ts";
import { StoreSession } from "../../src/engine/durable/store_session.ts";
import { StoredJobHandle } from "../../src/job_handle.ts";
import { FleetError, simulateFleet } from "../../src/testing/mod.ts";
import { DEFECTIVE_STORES } from "../support/defective_stores.ts";
import { fleetOf, runFleetOf } from "../support/fleet_seed.ts";
import { IS_LONG, SHARE } from "../support/gate_amount.ts";

const PATIENCE = { timeout: 600_000 } as const;
/** In the gate, one runtime looks for the defects that are found soon; the long run looks for all of them. */
const IN_GATE = { ...PATIENCE, skip: SHARE < 1 && !IS_LONG } as const;
const RARE = { ...PATIENCE, skip: !IS_LONG } as const;

/** How many seeds may pass until a fleet finds a defect: about three times as many as it takes. */
const MOST_SEEDS: Readonly<Record<string, number>> = {
  "an inbox is given as it was when it was read before": 1_500,
  "an append is not fenced by the life": 1_500,
  "an ended lease takes jobs": 600,
};

/** What makes a defect that is rare more frequent. */
const OPTIONS: Readonly<Record<string, Parameters<typeof runFleetOf>[1]>> = {
  "a created job is not recognized when the answer was lost": { faults: { calls: 0.3, processes: 0 }, commands: [] },
};

/** Runs fleets until one of them breaks a promise. */
async function findFailure(
  options: Parameters<typeof runFleetOf>[1],
  most: number,
  focus?: string,
): Promise<FleetError | undefined> {
  for (let seed = 1; seed <= most; seed++) {
    try {
      await runFleetOf(seed, options, focus);
    } catch (error) {
      if (error instanceof FleetError) return error;
      throw error;
    }
  }
  return undefined;
}

for (const [defect, openStore] of Object.entries(DEFECTIVE_STORES)) {
  test(`a fleet finds the defect: ${defect}`, defect in MOST_SEEDS ? RARE : IN_GATE, async () => {
    const error = await findFailure({ ...OPTIONS[defect], openStore }, MOST_SEEDS[defect] ?? 150);
    assertEquals(error instanceof FleetError, true);
  });
}

test(
  "a fleet in which somebody never hears of an end tells that, and not that the jobs have none",
  IN_GATE,
  async () => {
    const { ended } = StoredJobHandle.prototype;
    StoredJobHandle.prototype.ended = () => new Promise(() => {});
    try {
      const { message = "" } = await findFailure({}, 60) ?? {};
      assertStringIncludes(message, "and hears nothing");
    } finally {
      StoredJobHandle.prototype.ended = ended;
    }
  },
);

test("a fleet finds the defect: an answer of an older claim is taken up", RARE, async () => {
  const { mayTakeUp } = StoreSession.prototype;
  StoreSession.prototype.mayTakeUp = () => true;
  try {
    assertEquals((await findFailure({}, 600)) instanceof FleetError, true);
  } finally {
    StoreSession.prototype.mayTakeUp = mayTakeUp;
  }
});

test("C541 a fleet finds the defect: a task that is to be tried again does not wait", IN_GATE, async () => {
  const { add, addReady } = ReadyQueue.prototype;
  ReadyQueue.prototype.add = function (this: ReadyQueue, task, time) {
    if ((task.details?.attempt ?? 0) > 0) addReady.call(this, task);
    else add.call(this, task, time);
  };
  try {
    const error = await findFailure({}, 150, "retries");
    assertEquals(error?.invariant, "too late");
    assertStringIncludes(error?.message ?? "", "runs early");
  } finally {
    ReadyQueue.prototype.add = add;
  }
});

test("C541 a fleet finds the defect: a job with a deadline ends before that passes", IN_GATE, async () => {
  const property = Object.getOwnPropertyDescriptor(Deadlines.prototype, "jobEndsAt") ?? {};
  Object.defineProperty(Deadlines.prototype, "jobEndsAt", {
    configurable: true,
    get(this: Deadlines) {
      return property.get?.call(this) === Infinity ? Infinity : 0;
    },
  });
  try {
    const error = await findFailure({}, 150, "specials");
    assertEquals(error?.invariant, "too late");
    assertStringIncludes(error?.message ?? "", "has ended early");
  } finally {
    Object.defineProperty(Deadlines.prototype, "jobEndsAt", property);
  }
});

test("C546 a fleet finds the defect: a child that nobody waits for is forgotten", IN_GATE, async () => {
  const { set } = Children.prototype;
  Children.prototype.set = function (this: Children, child) {
    if (child.to !== undefined) set.call(this, child);
  };
  try {
    const error = await findFailure({}, 50, "posts");
    assertEquals(error?.invariant, "lost or doubled");
    assertStringIncludes(error?.message ?? "", "is said to have been started, and never was");
  } finally {
    Children.prototype.set = set;
  }
});

test("C546 in a fleet, a redrive gives some failures the other data of `repairs`", async () => {
  const amounts: unknown[] = [];
  class Order extends Routine {
    readonly trigger = this.addSlot("trigger", this.take);
    take({ amount }: { amount?: number }): void {
      if (amount === undefined) throw new RangeError("the order has no amount");
      amounts.push(amount);
    }
  }
  const registry = new Registry({ Order });
  const flow = new Flow({ id: "orders", registry });
  flow.addRoutine(new Order(), "order");
  const entry = { routine: "order", slot: "trigger" };
  const job = { flow, entry, repairs: [{ ...entry, data: { amount: 12 } }] };
  const commands = ["redrive", "redrive", "redrive"] as const;
  for (let seed = 1; seed <= 30; seed++) await simulateFleet({ jobs: [job], registry, seed, commands });
  assertEquals([amounts.length > 3, new Set(amounts)], [true, new Set([12])]);
});

test("the same seed gives the same run of a fleet", async () => {
  const openStore = DEFECTIVE_STORES["jobs with unread commands are not due"];
  const options = openStore === undefined ? {} : { openStore };
  const [first, second] = [await findFailure(options, 20), await findFailure(options, 20)];
  assertEquals([first?.seed, first?.trace], [second?.seed, second?.trace]);
  assertEquals(await runFleetOf(3), await runFleetOf(3));
});

test("the error of a fleet has the promise, the seed, and what has happened last", async () => {
  const openStore = DEFECTIVE_STORES["the place is not written when a job is let go"];
  const error = await findFailure(openStore === undefined ? {} : { openStore }, 150);
  assertEquals([error?.code, error?.invariant], ["FLEET", "stranded"]);
  assertStringIncludes(error?.message ?? "", `Fleet failed with seed ${error?.seed}`);
  assertStringIncludes(error?.trace.at(-1) ?? "", "*** stranded: ");
});

test("a fleet takes no journal for too long of which one entry alone is long, when the write of its snapshot was lost", async () => {
  await runFleetOf(31_995);
});

test("a fleet lets an engine claim its own job again whose lease has ended by its clock alone", async () => {
  await runFleetOf(50_644);
});

test("a fleet refuses options that are out of range", async () => {
  await assertRejects(() => simulateFleet({ ...fleetOf(1), jobs: [] }), TypeError, "there must be at least one job");
  await assertRejects(() => simulateFleet({ ...fleetOf(1), engines: 0 }), RangeError, "engines");
  await assertRejects(() => simulateFleet({ ...fleetOf(1), faults: { calls: 2 } }), RangeError, "faults.calls");
});
