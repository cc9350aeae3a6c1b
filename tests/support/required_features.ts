import type { Mode } from "./flow_spec.ts";
import { PLACES } from "./job_stops.ts";

const CLASSES = ["SyncStep", "AsyncStep", "CheckStep", "GeneratorStep", "AsyncGeneratorStep"]
  .concat(["Collector", "Folder", "Totals", "Checked", "Desk"]).map((name) => `class ${name}`);
const STOPS = PLACES.flatMap((place) => ["snapshot", "pause", "rest"].map((how) => `${how} at ${place}`))
  .concat(["pause", "rest"].flatMap((how) => [0, 20, 1_000].map((ms) => `${how}, grace ${ms}`)));
const OPS = ["emit", "whole", "note", "output", "sum", "tally", "fail", "pause"].map((op) => `op ${op}`);
const CARRIED = [
  "running",
  "paused",
  "active",
  "active merged",
  "active progress",
  "parked",
  "high",
  "low",
  "last",
  "failures",
]
  .concat(["slot value", "slot lists", "retry"])
  .concat(["Date", "Map", "Set", "bigint", "Uint8Array", "Error", "Point"].map((name) => `"$type":"${name}"`))
  .map((thing) => `carried ${thing}`);
const ENDED = ["ended completed", "routine completed", "routine error_continued", "routine skipped", "routine retries"];
const COMMON = [
  ...CLASSES,
  ...STOPS,
  ...OPS,
  ...CARRIED,
  ...ENDED,
  "mapping",
  "mapping of failures",
  "retryIf",
  "carried trace",
]
  .concat(["details", "omitted", "errors"].map((part) => `${part} of an error`));

const TIMED = [
  ...COMMON,
  "class Shelf",
  "ended failed",
  "routine failed",
  "failure TimeoutError",
  "failure RetryError",
  "failure NonRetryableError",
  "carried dropped",
  "carried result",
  "carried handled",
  "carried failure",
]
  .concat(["keep", "drop", "merged", "key", "recall", "result"].map((op) => `op ${op}`)).concat(["carried emitKey"])
  .concat(["schema of result", "failure of result", "ended without result", "ended with checked result"]);
const DELAYED = [
  "carried awaiting",
  "carried onTimeout",
  "carried delay",
  "carried retry of lists",
  "carried retry of value",
]
  .concat(["carried active before more urgent", "carried list cleared", "op expect", "op now"])
  .concat(["failure SchemaError", "failure RangeError", "failure StepLimitError"]);
const LIMITED = ["carried deadline", "ended late", "op defer", "carried deferred"];
const STRICT = ["carried list start", "carried retry of progress"];
const WILD = [
  "redrive all",
  "redrive first",
  "redrive changed",
  "op sleep",
  "ended cancelled",
  "carried arrivals",
  "carried completed",
  "carried failed",
]
  .concat(PLACES.flatMap((place) => [`deliver at ${place}`, `cancel at ${place}`]))
  // As it starts, and while it only waits, a job seldom has failures.
  .concat(PLACES.filter((place) => place !== "start" && place !== "idle").map((place) => `discard at ${place}`));

/** The features that the generated cases of each mode must exercise. */
export const FEATURES: Readonly<Record<Mode, readonly string[]>> = {
  strict: [...TIMED, ...DELAYED, ...LIMITED, ...STRICT],
  timed: [...TIMED, "op sleep"],
  concurrent: [...COMMON, "carried delay", "concurrency"],
  wild: [...TIMED, ...DELAYED, ...LIMITED, ...WILD, "concurrency"],
};
