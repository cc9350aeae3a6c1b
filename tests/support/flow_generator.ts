import { ErrorHandler, type ErrorHandlerOptions, type ErrorStrategy, Flow } from "../../mod.ts";
import type { Engine, Registry, Routine } from "../../mod.ts";
import { type Random, seededRandom } from "./random.ts";
import { VALUE_KINDS, type ValueKind } from "./sample_values.ts";
import type { Op, Script } from "./script.ts";

/**
 * What flows are generated for. `strict`: any feature whose outcome is the same to the byte wherever the job is paused.
 * `timed`: handlers take time, so nothing else may depend on it. `concurrent`: handlers don't care for their order.
 */
export type Mode = "strict" | "timed" | "concurrent";

/** A generated flow, as data. */
export interface FlowSpec {
  /** Where it comes from. */
  readonly seed: number;
  /** What it is generated for. */
  readonly mode: Mode;
  /** Its routines; the first is the entry. */
  readonly nodes: readonly NodeSpec[];
  /** Its connections. */
  readonly links: readonly LinkSpec[];
  /** What the entry gets. */
  readonly params: { readonly items: readonly number[]; readonly n: number; readonly gapMs: number };
  /** The error handler of the flow. */
  readonly errorHandler: ErrorHandlerOptions;
  /** The flow's limits. */
  readonly limits: {
    readonly highWater: number;
    readonly history: number;
    readonly outputs: number;
    readonly log: number;
  };
  /** How many handlers may wait at the same time. */
  readonly maxWorkers: number;
}

/** A routine of a generated flow. */
export interface NodeSpec {
  /** Its id. */
  readonly id: string;
  /** Its class. */
  readonly type: string;
  /** What it does. */
  readonly script: Script;
  /** What happens when it fails, if it has its own say. */
  readonly errorHandler: ErrorHandlerOptions | undefined;
}

/** A connection of a generated flow. */
export interface LinkSpec {
  /** The routine that emits. */
  readonly from: string;
  /** Its event. */
  readonly event: string;
  /** The routine that receives. */
  readonly to: string;
  /** Its slot. */
  readonly slot: string;
  /** Whether the value is renamed on its way. */
  readonly isMapped: boolean;
}

const STEPS = ["SyncStep", "AsyncStep", "CheckStep", "GeneratorStep", "AsyncGeneratorStep"] as const;
const MERGERS = ["Collector", "Folder", "Totals", "Checked", "Desk", "Shelf"] as const;
/** What these keep does not depend on the order in which it came. */
const UNORDERED = ["Collector", "Folder", "Totals", "Checked", "Desk"] as const;
const ENDLESS = 1_000_000;
/** Some of its items wait for a retry, and hold what they have seen, while others clear it. */
const GATHERING: NodeSpec = {
  id: "gathering",
  type: "Collector",
  script: { ops: [{ op: "fail", every: 2, attempts: 1, name: "Error" }, { op: "merged", every: 1 }], batch: 2 },
  errorHandler: { strategy: "retry", retryDelayMs: 1_000 },
};
const ERROR_NAMES = ["Error", "TimeoutError", "RangeError"] as const;

/** Generates a flow; the same seed gives the same one. */
export function generateFlow(seed: number, mode: Mode): FlowSpec {
  const random = seededRandom(seed);
  const count = 3 + random.integer(5);
  const nodes: NodeSpec[] = [{ id: "source", type: "Source", script: { ops: [], batch: 1 }, errorHandler: undefined }];
  for (let i = 1; i <= count; i++) {
    const type = random.chance(0.55) ? random.pick(STEPS) : random.pick(mode === "concurrent" ? UNORDERED : MERGERS);
    const isFlaky = random.chance(0.4);
    nodes.push({
      id: `node_${i}`,
      type,
      script: {
        ops: [...generateOps(random, mode, type), ...(isFlaky ? [generateFailure(random)] : [])],
        batch: mode === "concurrent" ? ENDLESS : 2 + random.integer(3),
      },
      errorHandler: isFlaky || random.chance(0.4) ? generateErrorHandler(random, mode) : undefined,
    });
  }
  const hasGathering = mode === "strict" && random.chance(0.25);
  if (hasGathering) nodes.push(GATHERING);
  const items = Array.from({ length: hasGathering ? 6 : 1 + random.integer(6) }, () => random.integer(1_000_000));
  return {
    seed,
    mode,
    nodes,
    links: generateLinks(random, nodes, hasGathering),
    params: {
      items,
      n: 1 + random.integer(items.length > 3 ? 2 : 3),
      gapMs: mode === "timed" ? 0 : random.pick([0, 300]),
    },
    errorHandler: mode === "strict" && random.chance(0.15) ? {} : { strategy: random.pick(["continue", "skip"]) },
    limits: {
      highWater: 1 + random.integer(4),
      history: mode === "concurrent" ? 100_000 : random.pick([20, 1_000]),
      outputs: mode === "concurrent" ? 100_000 : random.pick([0, 7, 1_000]),
      log: mode === "concurrent" ? 100_000 : random.pick([3, 1_000]),
    },
    maxWorkers: mode === "concurrent" ? 2 + random.integer(3) : 1,
  };
}

/** Builds a generated flow by hand, as its first host does. */
export function buildFlow(spec: FlowSpec, registry: Registry, engine: Engine): Flow {
  const flow = new Flow({
    id: `flow_${spec.seed}`,
    registry,
    engine,
    executionStrategy: spec.mode === "concurrent" ? "concurrent" : "sequential",
    maxWorkers: spec.maxWorkers,
    executionTimeoutMs: Infinity,
    errorHandler: new ErrorHandler(spec.errorHandler),
    limits: { ...spec.limits, steps: 2_000 },
  });
  for (const { id, type, script, errorHandler } of spec.nodes) {
    const Class = registry.classOf(type) as new () => Routine<Script>;
    const routine = flow.addRoutine(new Class(), id).setConfig(script);
    if (errorHandler !== undefined) routine.setErrorHandler(new ErrorHandler(errorHandler));
  }
  for (const { from, event, to, slot, isMapped } of spec.links) {
    flow.connect(from, event, to, slot, isMapped ? { mapping: { v: "w" } } : {});
  }
  return flow;
}

/** A chain with branches, links back and links to oneself: what travels gets older, so that every job ends. */
function generateLinks(random: Random, nodes: readonly NodeSpec[], hasGathering: boolean): LinkSpec[] {
  const links = new Map<string, LinkSpec>();
  const link = (from: number, event: string, to: number) => {
    const [source, target] = [nodes[from] as NodeSpec, nodes[to] as NodeSpec];
    const hasStore = target.type === "Desk" || target.type === "Shelf";
    const slot = hasStore && random.chance(0.6) ? "store" : "input";
    links.set(`${from} ${event} ${to} ${slot}`, {
      from: source.id,
      event,
      to: target.id,
      slot,
      isMapped: event !== "whole" && random.chance(0.25),
    });
    if (slot === "store" && random.chance(0.7)) {
      links.set(`${from} ${event} ${to} input`, {
        from: source.id,
        event,
        to: target.id,
        slot: "input",
        isMapped: false,
      });
    }
  };
  for (let to = 1; to < nodes.length; to++) link(random.integer(to), "output", to);
  if (hasGathering) link(0, "output", nodes.length - 1);
  for (let i = 0; i < nodes.length; i++) {
    const from = random.integer(nodes.length);
    link(from, from === 0 ? "output" : random.pick(["output", "other"]), 1 + random.integer(nodes.length - 1));
  }
  const steps = nodes.flatMap(({ type }, index) =>
    index > 0 && !passesOn(nodes[index] as NodeSpec) ? [{ type, index }] : []
  );
  for (const [from, node] of nodes.entries()) {
    if (passesOn(node) && steps.length > 0) link(from, "whole", random.pick(steps as [Step, ...Step[]]).index);
  }
  return Array.from(links.values());
}

interface Step {
  readonly type: string;
  readonly index: number;
}

function passesOn({ script }: NodeSpec): boolean {
  return script.ops.some(({ op }) => op === "whole");
}

/** What commits in steps emits what is more urgent than itself: only being active keeps it in front. */
function generateOps(random: Random, mode: Mode, type: string): Op[] {
  const emit = (): Op => ({
    op: "emit",
    every: random.pick([1, 1, 2]),
    event: random.pick(["output", "output", "other"]),
    times: 1 + random.integer(2),
    delayMs: mode !== "timed" && random.chance(0.25) ? random.pick([1, 50, 5_000]) : 0,
    priority: type === "CheckStep" ? "high" : random.pick(["normal", "normal", "high", "low"]),
    value: random.pick(VALUE_KINDS as readonly [ValueKind, ...ValueKind[]]),
  });
  const ops: Op[] = [emit()];
  const more = random.integer(5);
  for (let i = 0; i < more; i++) {
    const every = random.pick([1, 2, 3]);
    const kinds = mode === "strict" ? STRICT : mode === "timed" ? TIMED : CONCURRENT;
    const kind = random.pick(kinds);
    switch (kind) {
      case "emit":
        ops.push(emit());
        break;
      case "keep":
        ops.push({
          op: "keep",
          every,
          where: random.pick(["shared", "state"]),
          value: random.pick(VALUE_KINDS as readonly [ValueKind, ...ValueKind[]]),
        });
        break;
      case "fail":
        ops.push(generateFailure(random));
        break;
      case "sleep":
        ops.push({ op: "sleep", every, ms: random.pick([1, 30, 700, 1_500]) });
        break;
      case "expect":
        ops.push({ op: "expect", every, timeoutMs: random.pick([1, 20, 4_000]) });
        break;
      case "pause":
        ops.push({ op: "pause", every: 3 * every });
        break;
      default:
        ops.push({ op: kind, every });
    }
  }
  return ops;
}

function generateFailure(random: Random): Op {
  return { op: "fail", every: 2 + random.integer(2), attempts: 1 + random.integer(4), name: random.pick(ERROR_NAMES) };
}

const CONCURRENT = ["emit", "emit", "note", "output", "sum", "tally", "fail", "whole", "pause"] as const;
const TIMED = [...CONCURRENT, "sleep", "sleep", "keep", "drop", "merged", "key"] as const;
const STRICT = [...CONCURRENT, "expect", "keep", "drop", "merged", "key", "now"] as const;

function generateErrorHandler(random: Random, mode: Mode): ErrorHandlerOptions {
  const strategy = random.pick<ErrorStrategy>([
    "retry",
    "retry",
    "retry",
    "retry",
    "continue",
    "skip",
    "continue",
    "skip",
    "stop",
  ]);
  if (strategy !== "retry") return { strategy: strategy === "stop" && mode === "concurrent" ? "skip" : strategy };
  return {
    strategy,
    maxRetries: random.integer(5),
    retryDelayMs: mode === "timed" ? 0 : random.pick([0, 10, 1_000, 1_000]),
    retryBackoff: random.pick([1, 2, 0.5]),
    maxRetryDelayMs: random.pick([25, 3_600_000]),
    jitter: random.pick([0, 0.5]),
    isCritical: mode !== "concurrent" && random.chance(0.15),
    ...(random.chance(0.3) ? { retryableErrors: ["Error", "RangeError"] } : {}),
  };
}
