import { assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Context, FencedError, StateError } from "../../mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { checkLost } from "../../src/testing/fleet/check_lost.ts";
import { FleetLedger } from "../../src/testing/fleet/fleet_ledger.ts";
import { FleetTrace } from "../../src/testing/fleet/fleet_trace.ts";
import { FleetViolation } from "../../src/testing/fleet/fleet_violation.ts";
import { watchedStore } from "../../src/testing/fleet/watched_store.ts";
import { claimJob } from "../../src/testing/store_contract/sample_jobs.ts";
import { StoredFlowProcess } from "../support/stored_flow_process.ts";

// What the judge of simulated fleets says of what processes are told.

const REFUSED = new StateError("redrive", "running", "only a job that has ended can be redriven");

/** A ledger, and a process whose job waits. */
async function judging() {
  const inner = memoryStore();
  const timers = manualTimers();
  const ledger: FleetLedger = new FleetLedger({
    limitsOf: () => process.flow.limits,
    maxRecoveries: 2,
    inboxLimit: Infinity,
    queues: [],
    names: new Map(),
    isRelaxed: false,
  });
  const storeOf = (process: number) =>
    watchedStore(inner, { ledger, trace: new FleetTrace(false), process, clock: undefined, now: () => timers.now() });
  const process: StoredFlowProcess = new StoredFlowProcess({
    store: storeOf(1),
    timers,
    work: (_n: number, ctx: Context) => void ctx.expect("input"),
  });
  process.start([1]);
  await process.settle();
  return { timers, ledger, storeOf, process };
}

test("C527 a redrive may be refused because the end of its job was never stored, and not when the job goes on by what its owner has stored", async () => {
  const { timers, ledger, storeOf, process } = await judging();
  assertThrows(() => ledger.toldError(1, "job", REFUSED), FleetViolation, "which it has, and which runs");
  // Another process has it.
  ledger.toldError(2, "job", REFUSED);
  await process.engine.shutdown();
  const store = storeOf(2);
  const entered = { owner: "another", leaseMs: 60_000, now: timers.now(), token: "once", takesOver: false };
  const { incarnation = 0 } = await store.enter(entered);
  const record = await store.find("job");
  const taken = record && await claimJob(store, { owner: "another", incarnation }, record, timers.now());
  if (taken === undefined) throw new TypeError("the job was not claimed");
  // By this claim nothing was stored yet: what it was told was decided before.
  ledger.toldError(2, "job", REFUSED);
});

test("C554 a process has not lost what it has claimed anew, unless another one has started under its name since", async () => {
  const { timers, ledger, storeOf } = await judging();
  const [own, other] = [storeOf(1), storeOf(2)];
  const record = await own.find("job");
  if (record?.owner === undefined || record.incarnation === undefined) throw new TypeError("nobody has the job");
  const { owner, incarnation } = record;
  await claimJob(own, { owner, incarnation }, record, timers.now());
  const error = new FencedError("job", 0, 0);
  const lost = { type: "lost", jobId: "job", flowId: record.flowId, error, at: 0 } as const;
  assertThrows(() => checkLost({ number: 1 }, lost, record, ledger), FleetViolation, "which it has");
  await other.enter({ owner, leaseMs: 60_000, now: timers.now(), token: "once", takesOver: false });
  checkLost({ number: 1 }, lost, record, ledger);
});
