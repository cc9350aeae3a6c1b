import * as fc from "fast-check";
import type { ErrorHandlerOptions } from "../../mod.ts";
import type { CatchSpec, FlowSpec, LinkSpec, Mode, NodeSpec, NodeType } from "./flow_spec.ts";
import { lists } from "./list_arbitrary.ts";
import { ops } from "./op_arbitrary.ts";
import type { Op } from "./handler_script.ts";

/** How large generated flows are: `small` ones can be stopped at every point there is. */
export type Size = "small" | "any";

const SIZES = {
  small: { nodes: 2, links: 2, ops: 3, items: 2, steps: 12 },
  any: { nodes: 6, links: 6, ops: 5, items: 6, steps: 200 },
};
const STEPS = ["SyncStep", "AsyncStep", "CheckStep", "GeneratorStep", "AsyncGeneratorStep"] as const;
const MERGERS = ["Collector", "Folder", "Totals", "Checked", "Desk", "Shelf"] as const;
/** What these keep does not depend on the order in which it came. */
const UNORDERED = ["Collector", "Folder", "Totals", "Checked", "Desk"] as const;
const ENDLESS = 1_000_000;
const URGENT: Op = {
  op: "emit",
  every: 1,
  event: "output",
  times: 1,
  delayMs: 0,
  priority: "high",
  key: undefined,
  value: null,
};
const SLEEP: Op = { op: "sleep", every: 1, ms: 700 };

/** A routine before it has its place: other routines are meant by numbers, of which the remainder counts. */
interface NodeDraft {
  readonly type: NodeType;
  readonly ops: readonly Op[];
  readonly batch: number;
  readonly errorHandler: ErrorHandlerOptions | undefined;
  readonly concurrency: number | undefined;
  readonly parent: number;
  readonly event: "output" | "other";
  readonly isMapped: boolean;
  readonly passesTo: number;
}

interface CatchDraft {
  readonly from: number;
  readonly ofSlot: boolean;
  readonly to: number;
  readonly errors: readonly string[] | undefined;
  readonly isMapped: boolean;
}

interface LinkDraft {
  readonly from: number;
  readonly event: "output" | "other";
  readonly to: number;
  readonly slot: "input" | "store";
  readonly isMapped: boolean;
}

/** Flows of a mode. They shrink to few routines, connections, items and effects, and to plain ones. */
export function flows(mode: Mode, size: Size = "any"): fc.Arbitrary<FlowSpec> {
  const most = SIZES[size];
  const isConcurrent = mode === "concurrent";
  const cycles = isConcurrent || size === "small" ? [1, 2, 3] as const : [1, 2, 3, 2, ENDLESS] as const;
  return fc.noBias(
    fc.record({
      nodes: lists(nodes(mode, most.ops), most.nodes),
      links: lists(links(), most.links),
      catches: lists(catches(), 2),
      items: fc.array(fc.nat(999_999), { minLength: 1, maxLength: most.items }),
      n: fc.constantFrom(...cycles),
      gapMs: mode === "timed" ? fc.constant(0) : fc.constantFrom(0, 300),
      errorHandler: fc.oneof(
        { weight: 4, arbitrary: fc.record({ strategy: fc.constantFrom("continue", "skip") }) },
        ...(isConcurrent ? [] : [fc.constant({})]),
      ),
      limits: fc.record({
        steps: isConcurrent
          ? fc.constant(2 * most.steps)
          : fc.oneof(fc.constant(most.steps), fc.integer({ min: 5, max: 40 })),
        highWater: fc.integer({ min: 1, max: 4 }),
        history: isConcurrent ? fc.constant(ENDLESS) : fc.constantFrom(1_000, 20),
        outputs: isConcurrent ? fc.constant(ENDLESS) : fc.constantFrom(1_000, 7, 0),
        log: isConcurrent ? fc.constant(ENDLESS) : fc.constantFrom(1_000, 3),
        keptLength: isConcurrent ? fc.constant(ENDLESS) : fc.constantFrom(2 ** 22, 1_500, 200),
      }),
      maxWorkers: isConcurrent
        ? fc.integer({ min: 2, max: 4 })
        : mode === "wild"
        ? fc.integer({ min: 1, max: 4 })
        : fc.constant(1),
      timeoutMs: mode === "wild" ? fc.constantFrom(undefined, undefined, 3_000, 50) : fc.constant(undefined),
      deadline: mode === "wild" || mode === "strict"
        ? fc.constantFrom({}, {}, {}, { deadlineMs: 4_000 }, { deadlineMs: 55 })
        : fc.constant({}),
      // Which result was set last depends on the order of the handlers.
      checksResult: isConcurrent ? fc.constant(false) : mode === "strict" ? rarely() : fc.boolean(),
    }).map(({ nodes, links, catches, items, n, gapMs, deadline, ...rest }): FlowSpec => ({
      mode,
      nodes: nodes.map(placeNode),
      links: placeLinks(nodes, links),
      catches: placeCatches(nodes.length, catches),
      params: { items, n, gapMs },
      ...rest,
      ...deadline,
    })),
  );
}

function nodes(mode: Mode, mostOps: number): fc.Arbitrary<NodeDraft> {
  const mergers = mode === "concurrent" ? UNORDERED : MERGERS;
  const any: fc.Arbitrary<NodeDraft> = fc.record({
    type: fc.oneof({ withCrossShrink: true }, fc.constantFrom(...STEPS), fc.constantFrom(...mergers)),
    ops: lists(ops(mode), mostOps),
    batch: mode === "concurrent" ? fc.constant(ENDLESS) : fc.integer({ min: 2, max: 4 }),
    errorHandler: fc.option(errorHandlers(mode), { nil: undefined, freq: 2 }),
    concurrency: fc.constantFrom(undefined, undefined, 1, 2),
    parent: fc.nat(99),
    event: fc.constantFrom("output", "other"),
    isMapped: rarely(),
    passesTo: fc.nat(99),
  });
  if (mode === "concurrent") return any;
  // Only being active keeps what commits in steps before the more urgent that it has sent.
  const urgent = any.map((draft): NodeDraft => ({ ...draft, type: "CheckStep", ops: [URGENT, ...draft.ops] }));
  // What is aborted at its last wait does nothing more that could be refused: all of it must be ignored.
  const slow = any.map((draft): NodeDraft => ({ ...draft, type: "AsyncStep", ops: [...draft.ops, SLEEP] }));
  return fc.oneof(
    { withCrossShrink: true },
    { arbitrary: any, weight: 12 },
    { arbitrary: gatherings(mode), weight: 2 },
    { arbitrary: urgent, weight: 1 },
    { arbitrary: slow, weight: mode === "strict" ? 0 : mode === "timed" ? 3 : 1 },
  );
}

/** Some of their items wait for a retry, and hold what they have seen, while others clear it. */
function gatherings(mode: Mode): fc.Arbitrary<NodeDraft> {
  return fc.record({
    type: fc.constantFrom("Collector", "Collector", "Folder"),
    ops: fc.constant([{ op: "fail", every: 2, attempts: 1, name: "Error" }, { op: "merged", every: 1 }]),
    batch: fc.constant(2),
    errorHandler: fc.constant({ strategy: "retry", retryDelayMs: mode === "timed" ? 0 : 1_000 }),
    concurrency: fc.constant(undefined),
    parent: fc.constant(0),
    event: fc.constant("output"),
    isMapped: fc.constant(false),
    passesTo: fc.constant(0),
  });
}

function links(): fc.Arbitrary<LinkDraft> {
  return fc.record({
    from: fc.nat(99),
    event: fc.constantFrom("output", "output", "other"),
    to: fc.nat(99),
    slot: fc.constantFrom("input", "store"),
    isMapped: rarely(),
  });
}

function catches(): fc.Arbitrary<CatchDraft> {
  return fc.record({
    from: fc.nat(99),
    ofSlot: fc.boolean(),
    to: fc.nat(99),
    errors: fc.constantFrom(undefined, undefined, ["RangeError", "TimeoutError"]),
    isMapped: rarely(),
  });
}

/** Failures go anywhere, also to their own routine. */
function placeCatches(nodes: number, catches: readonly CatchDraft[]): CatchSpec[] {
  const placed = new Map<string, CatchSpec>();
  for (const { from, ofSlot, to, errors, isMapped } of nodes > 0 ? catches : []) {
    const slot = ofSlot ? "input" : undefined;
    const spec: CatchSpec = { from: idOf(from % nodes), slot, to: idOf(to % nodes), errors, isMapped };
    const key = `${spec.from} ${slot} ${spec.to}`;
    if (!placed.has(key)) placed.set(key, spec);
  }
  return Array.from(placed.values());
}

function rarely(): fc.Arbitrary<boolean> {
  return fc.constantFrom(false, false, false, true);
}

function errorHandlers(mode: Mode): fc.Arbitrary<ErrorHandlerOptions> {
  const isConcurrent = mode === "concurrent";
  const strategies = isConcurrent ? ["continue", "skip"] as const : ["continue", "skip", "stop"] as const;
  const retry = fc.record({
    strategy: fc.constant("retry"),
    maxRetries: fc.nat(4),
    retryDelayMs: mode === "timed" ? fc.constant(0) : fc.constantFrom(0, 10, 1_000),
    retryBackoff: fc.constantFrom(1, 2, 0.5),
    maxRetryDelayMs: fc.constantFrom(3_600_000, 25),
    jitter: fc.constantFrom(0, 0.5),
    isCritical: isConcurrent ? fc.constant(false) : rarely(),
    retryableErrors: fc.option(fc.constant(["Error", "RangeError"]), { freq: 1 }),
  }).map(({ retryableErrors, ...rest }) => retryableErrors === null ? rest : { ...rest, retryableErrors });
  return fc.oneof(fc.record({ strategy: fc.constantFrom(...strategies) }), { arbitrary: retry, weight: 2 });
}

function placeNode({ type, ops, batch, errorHandler, concurrency }: NodeDraft, index: number): NodeSpec {
  return { id: idOf(index), type, script: { ops, batch }, errorHandler, concurrency };
}

/** Every routine is fed by an earlier one; other connections go anywhere, also back, and to their own routine. */
function placeLinks(nodes: readonly NodeDraft[], links: readonly LinkDraft[]): LinkSpec[] {
  const placed = new Map<string, LinkSpec>();
  const place = (from: number, event: LinkSpec["event"], to: number, slot: LinkSpec["slot"], isMapped: boolean) => {
    const key = `${from} ${event} ${to} ${slot}`;
    if (!placed.has(key)) {
      placed.set(key, { from: from < 0 ? "source" : idOf(from), event, to: idOf(to), slot, isMapped });
    }
  };
  for (const [index, node] of nodes.entries()) {
    const parent = node.parent % (index + 1) - 1;
    const event = parent < 0 ? "output" : node.event;
    if (hasStore(node)) place(parent, event, index, "store", node.isMapped);
    place(parent, event, index, "input", node.isMapped);
  }
  for (const { from, event, to, slot, isMapped } of nodes.length > 0 ? links : []) {
    const source = from % (nodes.length + 1) - 1;
    const target = to % nodes.length;
    place(source, source < 0 ? "output" : event, target, hasStore(nodes[target]) ? slot : "input", isMapped);
  }
  // What is passed on as it came does not get older: who gets it must not pass it on again.
  for (const [index, node] of nodes.entries()) {
    const target = node.passesTo % nodes.length;
    if (passesOn(node) && !passesOn(nodes[target])) place(index, "whole", target, "input", false);
  }
  return Array.from(placed.values());
}

function hasStore(node: NodeDraft | undefined): boolean {
  return node?.type === "Desk" || node?.type === "Shelf";
}

function passesOn(node: NodeDraft | undefined): boolean {
  return node?.ops.some(({ op }) => op === "whole") ?? false;
}

function idOf(index: number): string {
  return `node_${index + 1}`;
}
