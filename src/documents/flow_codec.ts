import { describeError } from "../values/error_data.ts";
import { type Finding, PreflightError, SerializationError } from "../base/errors.ts";
import type { JsonObject } from "../values/json.ts";
import { describeValue, pathStep } from "../base/path.ts";
import { Registry } from "../values/registry.ts";
import { ErrorHandler } from "../model/error_handler.ts";
import { checkStrategy, type FlowGraph, type FlowGraphOptions } from "../model/flow_graph.ts";
import { DEFAULT_FLOW_LIMITS, type FlowLimits, LIMIT_NAMES } from "../model/flow_limits.ts";
import { Routine } from "../model/routine.ts";
import { type RoutineDocument, versionOf } from "../model/routine_document.ts";
import type { FlowDocument } from "./documents.ts";
import { type Format, openEnvelope } from "./envelope.ts";
import { flowSchema } from "./flow_schema.ts";

/** The format of flows. */
export const FLOW_FORMAT: Format = { name: "routilux/flow", version: 1, migrations: [], schema: flowSchema };

/**
 * Writes a flow's definition; nothing of any execution is in it.
 *
 * @throws {TypeError} for a routine that another process could not build, naming its id and what to do
 * @throws {SerializationError} for a config value or field that JSON cannot carry
 */
export function encodeFlow(graph: FlowGraph): FlowDocument {
  const limits = encodeLimits(graph.limits);
  const ids = Array.from(graph.routines.keys()).sort();
  return {
    connections: graph.connections.map((connection) => connection.toJSON()) as unknown as FlowDocument["connections"],
    ...(graph.errorHandler === undefined ? {} : { errorHandler: graph.errorHandler.toJSON() }),
    executionStrategy: graph.executionStrategy,
    executionTimeoutMs: graph.executionTimeoutMs === Infinity ? null : graph.executionTimeoutMs,
    format: "routilux/flow",
    id: graph.id,
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    maxWorkers: graph.maxWorkers,
    routines: Object.fromEntries(ids.map((id) => [id, graph.routine(id).toJSON()])),
    version: 1,
  };
}

/** A flow's document, read: what the flow is made of, and a way to fill it. */
export interface DecodedFlow {
  /** The flow's own settings. */
  readonly options: FlowGraphOptions;
  /** Adds the routines and connections to the empty flow. */
  fill(graph: FlowGraph): void;
}

/**
 * Reads a flow's definition. The document is not changed.
 *
 * @throws {SerializationError} when it is no document of a flow, naming the path
 * @throws {PreflightError} when it does not fit the classes here: every finding at once
 */
export function decodeFlow(json: unknown, registry: Registry): DecodedFlow {
  if (!(registry instanceof Registry)) {
    throw new TypeError(
      `Cannot read routilux/flow: expected a Registry as the second argument, got ${describeValue(registry)}`,
    );
  }
  const document = openEnvelope(json, FLOW_FORMAT) as FlowDocument;
  checkWorkers(document);
  const findings: Finding[] = [];
  const routines = new Map<string, Routine<object>>();
  for (const [id, routine] of Object.entries(document.routines)) {
    const path = `routines${pathStep(id)}`;
    const built = decodeRoutine(routine, registry, path, findings);
    if (built !== undefined) routines.set(id, built);
  }
  checkConnections(document, routines, findings);
  if (findings.length > 0) throw new PreflightError(`Cannot read flow "${document.id}"`, findings);
  return { options: decodeOptions(document, registry), fill: (graph) => fill(graph, document, routines) };
}

function decodeOptions(document: FlowDocument, registry: Registry): FlowGraphOptions {
  const { errorHandler, limits = {} } = document;
  return {
    id: document.id,
    registry,
    executionStrategy: document.executionStrategy,
    maxWorkers: document.maxWorkers,
    executionTimeoutMs: document.executionTimeoutMs ?? Infinity,
    ...(errorHandler === undefined ? {} : { errorHandler: ErrorHandler.fromJSON(errorHandler) }),
    limits,
  };
}

function fill(graph: FlowGraph, document: FlowDocument, routines: ReadonlyMap<string, Routine<object>>): void {
  for (const [id, routine] of routines) graph.addRoutine(routine, id);
  document.connections.forEach(({ from, to, mapping }, index) => {
    try {
      graph.connect(from.routine, from.event, to.routine, to.slot, mapping === undefined ? {} : { mapping });
    } catch (error) {
      refuse(`connections[${index}]`, error);
    }
  });
}

function checkWorkers({ executionStrategy, maxWorkers }: FlowDocument): void {
  try {
    checkStrategy(executionStrategy, maxWorkers);
  } catch (error) {
    refuse("maxWorkers", error);
  }
}

/** What the model refuses of a document is an error of the document. */
function refuse(path: string, cause: unknown): never {
  const message = `Cannot read ${FLOW_FORMAT.name}: ${path}: ${describeError(cause).message}`;
  throw new SerializationError(message, FLOW_FORMAT.name, path, { cause });
}

function decodeRoutine(
  document: RoutineDocument,
  registry: Registry,
  path: string,
  findings: Finding[],
): Routine<object> | undefined {
  try {
    const Class = registry.classOf(document.type);
    const present = versionOf(Class);
    if (document.version > present) {
      const message =
        `it was written by version ${document.version} of '${document.type}', and version ${present} is here; update it`;
      findings.push({ code: "newer_version", path: `${path}.version`, message });
      return undefined;
    }
    // Another class's `fromJSON` was not written for this.
    if (Class.prototype instanceof Routine) {
      const current = document.version < present ? migrate(Class, document) : document;
      const routine = registry.revive(document.type, current);
      if (routine instanceof Routine) return routine;
    }
    findings.push({ code: "wrong_class", path: `${path}.type`, message: `class '${document.type}' is no Routine` });
  } catch (error) {
    if (error instanceof SerializationError) {
      findings.push({ code: "routine_mismatch", path: below(path, error.path), message: error.message });
    } else if (error instanceof PreflightError) {
      findings.push(...error.findings.map((finding) => ({ ...finding, path: below(path, finding.path) })));
    } else findings.push({ code: codeOf(document, registry), path, message: describeError(error).message });
  }
  return undefined;
}

function below(path: string, rest: string): string {
  return rest === "" || rest.startsWith("[") ? path + rest : `${path}.${rest}`;
}

function codeOf(document: RoutineDocument, registry: Registry): string {
  return registry.hasClass(document.type) ? "routine_mismatch" : "unknown_class";
}

function migrate(Class: object, document: RoutineDocument): unknown {
  const step: unknown = Reflect.get(Class, "migrate");
  if (typeof step !== "function") throw new TypeError(`the class has no static migrate(json, fromVersion)`);
  return Reflect.apply(step, Class, [document as unknown as JsonObject, document.version]);
}

function checkConnections(
  { connections, routines: known }: FlowDocument,
  routines: ReadonlyMap<string, Routine<object>>,
  findings: Finding[],
): void {
  connections.forEach(({ from, to }, index) => {
    const source = routines.get(from.routine);
    const target = routines.get(to.routine);
    const path = `connections[${index}]`;
    const missing = (end: string, message: string) =>
      findings.push({ code: "broken_connection", path: `${path}.${end}`, message });
    if (!Object.hasOwn(known, from.routine)) missing("from.routine", `there is no routine "${from.routine}"`);
    else if (source !== undefined && source.getEvent(from.event) === undefined) {
      missing("from.event", `routine "${from.routine}" has no event "${from.event}"`);
    }
    if (!Object.hasOwn(known, to.routine)) missing("to.routine", `there is no routine "${to.routine}"`);
    else if (target !== undefined && target.getSlot(to.slot) === undefined) {
      missing("to.slot", `routine "${to.routine}" has no slot "${to.slot}"`);
    }
  });
}

function encodeLimits(limits: FlowLimits): Partial<FlowLimits> {
  const changed = LIMIT_NAMES.filter((name) => limits[name] !== DEFAULT_FLOW_LIMITS[name]);
  return Object.fromEntries(changed.map((name) => [name, limits[name]]));
}
