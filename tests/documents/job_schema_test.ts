import { assertEquals, assertInstanceOf } from "@std/assert";
import { test } from "node:test";
import { JobState, SerializationError } from "../../mod.ts";
import { fullJob, type Place, placesOf, valueAt, withValueAt } from "../support/full_job_document.ts";
import { documentRegistry } from "../support/document_flow.ts";

/** Below these the values are the user's: anything that JSON can hold. */
const USER_VALUES = new Set([
  "data",
  "entry",
  "checkpoint",
  "state",
  "progress",
  "items",
  "sharedData",
  "value",
  "result",
]);
const WRONG: readonly unknown[] = [null, true, -7, 1.5, "", [], {}, [[]], { extra: 1 }];

function thrownBy(json: unknown): unknown {
  try {
    JobState.fromJSON(json, documentRegistry);
    return undefined;
  } catch (error) {
    return error;
  }
}

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function pathOf(place: Place): string {
  return place.map((key) => typeof key === "number" ? `[${key}]` : `.${key}`).join("").slice(1);
}

const LIBRARY_PLACES = Array.from(placesOf(fullJob())).filter((place) =>
  !place.some((key) => USER_VALUES.has(String(key)))
);

test("a value of another kind, at any place of the library's, is refused and the place is named", () => {
  let checked = 0;
  for (const place of LIBRARY_PLACES) {
    const right = valueAt(fullJob(), place);
    for (const wrong of WRONG) {
      if (kindOf(wrong) === kindOf(right) || (pathOf(place) === "executionTimeoutMs" && wrong === null)) continue;
      if (place.at(-1) === "code" && typeof wrong === "number") continue;
      const spoilt = `${pathOf(place)} = ${JSON.stringify(wrong)}`;
      const error = thrownBy(withValueAt(fullJob(), place, wrong));
      assertInstanceOf(error, SerializationError, `${spoilt} was read`);
      const isInside = error.path.startsWith(pathOf(place)) || pathOf(place).startsWith(error.path);
      assertEquals(isInside, true, `${spoilt}: ${error.message}`);
      checked++;
    }
  }
  assertEquals(checked > 500, true, `only ${checked}`);
});

test("every refusal says in plain words what was expected and what came", () => {
  const odd: string[] = [];
  for (const place of LIBRARY_PLACES) {
    for (const wrong of [...WRONG, Infinity, 2 ** 60, undefined]) {
      const error = thrownBy(withValueAt(fullJob(), place, wrong));
      if (!(error instanceof SerializationError)) continue;
      if (!/^Cannot read routilux\/job: [^ ]+: expected .+, got .+$/.test(error.message)) odd.push(error.message);
      if (/Invalid|Received|undefined|function/.test(error.message)) odd.push(error.message);
    }
  }
  assertEquals(Array.from(new Set(odd)).slice(0, 5), []);
});

test("numbers that are none of their kind are refused", () => {
  for (const place of LIBRARY_PLACES) {
    if (typeof valueAt(fullJob(), place) !== "number") continue;
    for (const wrong of [-1, Infinity, NaN]) {
      assertInstanceOf(
        thrownBy(withValueAt(fullJob(), place, wrong)),
        SerializationError,
        `${pathOf(place)} = ${wrong}`,
      );
    }
    const isDuration = /(ran|executionTimeout|timeout|deadline)Ms$/.test(pathOf(place));
    if (isDuration) continue;
    for (const wrong of [0.5, 2 ** 53]) {
      assertInstanceOf(
        thrownBy(withValueAt(fullJob(), place, wrong)),
        SerializationError,
        `${pathOf(place)} = ${wrong}`,
      );
    }
  }
});

test("parts without which a job is none are missed, all others may be left out", () => {
  const needed = Object.keys(fullJob()).filter((key) => {
    return thrownBy(withValueAt(fullJob(), [key], undefined)) instanceof SerializationError;
  });
  assertEquals(needed, [
    ...[
      "createdAt",
      "flowId",
      "format",
      "jobId",
      "nextTaskId",
      "pendingTasks",
      "ranMs",
      "slots",
      "status",
      "updatedAt",
    ],
    "version",
  ]);
});
