import type { JobDocument } from "../../src/documents/mod.ts";

const AT = "1970-01-01T00:00:00.000Z";

/** A job of the document flow in whose document no optional part is missing. */
export function fullJob(): JobDocument {
  return {
    arrivals: { clerk: { kept: [1] } },
    children: [
      {
        flow: '{"format":"routilux/flow","id":"tool"}',
        flowId: "tool",
        jobs: [{
          job: {
            createdAt: AT,
            flowId: "tool",
            format: "routilux/job",
            jobId: "inside",
            nextTaskId: 2,
            parent: { depth: 3, jobId: "full" },
            pendingTasks: [],
            ranMs: 0,
            status: "cancelled",
            updatedAt: AT,
            version: 1,
          },
          jobId: "inside",
          left: true,
          routine: "clerk",
          to: "kept",
        }],
      },
    ],
    createdAt: AT,
    deadline: { deadlineMs: 60_000, until: "1970-01-02T00:00:00.000Z" },
    deferredEvents: [{ data: 1, event: "late", key: "00000a00000b", routine: "clerk" }],
    dropped: { executionHistory: 3, failures: 4, outputLog: 2, pausePoints: 5, sharedLog: 1 },
    error: { cause: { message: "why", name: "Error" }, code: "E1", message: "no such thing", name: "RangeError" },
    executionHistory: [
      { at: AT, routine: "clerk", type: "start" },
      { at: AT, data: { n: 1 }, event: "output", routine: "clerk", type: "emit" },
    ],
    executionStrategy: "concurrent",
    executionTimeoutMs: 60_000,
    failures: [{
      at: AT,
      error: { message: "no such thing", name: "Error" },
      handled: true,
      task: { createdAt: AT, data: { what: "fail" }, id: 2, routine: "clerk", slot: "input" },
    }],
    flowId: "office",
    format: "routilux/job",
    formerNames: [{ routines: { scribe: "writer" }, slots: { scribe: { inbox: "letters" } } }],
    jobId: "full",
    maxWorkers: 2,
    nextTaskId: 9,
    outputLog: [{ at: AT, data: "hello", routine: "clerk", type: "greeting" }],
    parent: { createdAt: "2026-01-01T00:00:00.000Z", depth: 2, jobId: "parent", told: true },
    pausePoints: [{ at: AT, checkpoint: [1], reason: "why not" }],
    pendingTasks: [
      {
        attempt: 1,
        createdAt: AT,
        data: { n: 0 },
        id: 3,
        maxRetries: 3,
        merged: { lists: [{ from: 0, key: "n", to: 1 }] },
        notBefore: AT,
        routine: "clerk",
        slot: "lists",
      },
      {
        active: true,
        connection: { event: "output", routine: "clerk" },
        createdAt: AT,
        data: { n: 1 },
        emitKey: "reminder",
        id: 4,
        key: "zik0zjzik0zj",
        priority: "high",
        routine: "clerk",
        slot: "kept",
      },
      {
        awaiting: { onTimeout: "input", timeoutMs: 5, until: AT },
        createdAt: AT,
        id: 5,
        routine: "clerk",
        slot: "kept",
        trace: "of the step",
      },
      { createdAt: AT, data: { n: 1 }, id: 6, merged: { value: { total: 1 } }, routine: "clerk", slot: "sum" },
      {
        createdAt: AT,
        data: { what: "walk", n: 2 },
        id: 7,
        parked: true,
        progress: { at: 1 },
        routine: "clerk",
        slot: "steps",
        step: 1,
      },
    ],
    ranMs: 12.5,
    result: { total: 7 },
    routineStates: { clerk: { retries: 1, state: { seen: [7] }, status: "completed", version: 1 } },
    sharedData: { when: { $type: "Date", value: AT }, where: { $type: "Point", value: { x: 1, y: 2 } } },
    sharedLog: [{ at: AT, entry: { level: "info" }, routine: "clerk" }],
    slots: {
      clerk: {
        lists: { lists: [{ cleared: 2, items: [0, 1, 2], key: "n" }, { items: ["x"], key: "m", start: 4 }] },
        sum: { value: { total: 1 } },
      },
    },
    status: "paused",
    trace: "of the job",
    updatedAt: AT,
    version: 1,
  };
}

/** A place in a document: the keys that lead to it. */
export type Place = readonly (string | number)[];

/** All places in a document, from the outside in. */
export function* placesOf(json: unknown, place: Place = []): Generator<Place, void, void> {
  if (typeof json !== "object" || json === null) return;
  for (const [key, value] of Object.entries(json)) {
    const below = [...place, Array.isArray(json) ? Number(key) : key];
    yield below;
    yield* placesOf(value, below);
  }
}

/** The value at a place in a document. */
export function valueAt(json: unknown, place: Place): unknown {
  return place.reduce<unknown>((value, key) => Reflect.get(value as object, key), json);
}

/** Copies a document with another value at one place; `undefined` leaves the key out. */
export function withValueAt(json: unknown, place: Place, value: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(json));
  const owner = valueAt(copy, place.slice(0, -1)) as object;
  const key = place.at(-1) ?? "";
  if (value === undefined) Reflect.deleteProperty(owner, key);
  else Object.defineProperty(owner, key, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}
