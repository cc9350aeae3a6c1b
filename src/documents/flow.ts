import { describeError } from "../values/error_data.ts";
import { PreflightError, type PreflightFinding, SerializationError } from "../base/errors.ts";
import { isRecord, type JsonObject } from "../values/json.ts";
import { describeValue, pathStep } from "../base/path.ts";
import { Registry } from "../values/registry.ts";
import { type ErrorHandler, readErrorHandler, type RetryIf, writeErrorHandler } from "../model/error_handler.ts";
import { checkStrategy, type FlowGraph, type FlowSettings } from "../model/flow_graph.ts";
import { writeFailureConnection } from "../model/failure_connection.ts";
import type { Slot } from "../model/slot.ts";
import { DEFAULT_FLOW_LIMITS, type FlowLimits, LIMIT_NAMES } from "../model/flow_limits.ts";
import { Routine } from "../model/routine.ts";
import { type RoutineDocument, versionOf } from "../model/routine_document.ts";
import { openEnvelope } from "./envelope.ts";
import { type FailureConnectionDocument, FLOW_FORMAT, type FlowDocument } from "./flow_schema.ts";

/**
 * Writes a flow's definition; nothing of any execution is in it.
 *
 * @throws {TypeError} for a routine that another process could not build, naming its id and what to do, and for a schema of the
 * result that is not registered
 * @throws {SerializationError} for a config value or field that JSON cannot carry
 */
export function encodeFlow(graph: FlowGraph): FlowDocument {
  const changed = LIMIT_NAMES.filter((name) => graph.limits[name] !== DEFAULT_FLOW_LIMITS[name]);
  const limits: Partial<FlowLimits> = Object.fromEntries(changed.map((name) => [name, graph.limits[name]]));
  const ids = Array.from(graph.routines.keys()).sort();
  return {
    connections: graph.connections.map((connection) => connection.toJSON()) as unknown as FlowDocument["connections"],
    ...(graph.errorHandler === undefined ? {} : { errorHandler: nameErrorHandler(graph, graph.errorHandler) }),
    executionStrategy: graph.executionStrategy,
    executionTimeoutMs: graph.executionTimeoutMs === Infinity ? null : graph.executionTimeoutMs,
    ...(graph.failureConnections.length === 0 ? {} : {
      failureConnections: graph.failureConnections.map(
        writeFailureConnection,
      ) as unknown as FailureConnectionDocument[],
    }),
    ...(graph.version === 1 ? {} : { flowVersion: graph.version }),
    format: "routilux/flow",
    id: graph.id,
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    maxWorkers: graph.maxWorkers,
    ...(graph.resultSchema === undefined ? {} : { result: nameSchema(graph, graph.resultSchema) }),
    routines: Object.fromEntries(ids.map((id) => [id, graph.routine(id).toJSON()])),
    version: 1,
  };
}

function nameErrorHandler({ id, registry }: FlowGraph, handler: ErrorHandler): JsonObject {
  return writeErrorHandler(handler, (retryIf) => {
    const name = registry.nameOf(retryIf);
    if (name !== undefined) return { function: name };
    const what = `Cannot serialize flow "${id}": the retryIf of its error handler is not registered`;
    throw new TypeError(`${what}; write registry.register({ name: fn }), or give it to a routine as its method`);
  });
}

function nameSchema({ id, registry }: FlowGraph, schema: object): string {
  const name = registry.nameOf(schema);
  if (name !== undefined) return name;
  throw new TypeError(
    `Cannot serialize flow "${id}": the schema of its result is not registered; ` +
      "write new Registry({ MyResult: schema }), by which other hosts find it",
  );
}

/** A flow's document, read: the flow's id and settings, and a way to fill it. */
export interface DecodedFlow {
  /** The flow's id and settings. */
  readonly options: FlowSettings & { readonly id: string };
  /** Adds the routines and connections to the empty flow. */
  fill(graph: FlowGraph): void;
}

/**
 * Reads a flow's document, without building what it describes.
 *
 * @throws {SerializationError} when the value is no document of a flow, naming the path
 */
export function readFlowDocument(json: unknown): FlowDocument {
  return openEnvelope(json, FLOW_FORMAT);
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
  const document = readFlowDocument(json);
  try {
    checkStrategy(document.executionStrategy, document.maxWorkers);
  } catch (error) {
    refuse("maxWorkers", error);
  }
  const findings: PreflightFinding[] = [];
  const routines = new Map<string, Routine<object>>();
  for (const [id, routine] of Object.entries(document.routines)) {
    const path = `routines${pathStep(id)}`;
    const built = decodeRoutine(routine, registry, path, findings);
    if (built !== undefined) routines.set(id, built);
  }
  checkConnections(document, routines, findings);
  const retryIf = document.errorHandler?.["retryIf"];
  if (retryIf !== undefined && !registry.hasFunction(functionNameIn(retryIf))) {
    const message = `function '${functionNameIn(retryIf)}' not found in registry`;
    findings.push({ code: "unknown_function", path: "errorHandler.retryIf", message });
  }
  if (document.result !== undefined && registry.findSchema(document.result) === undefined) {
    const message = `schema '${document.result}' not found in registry`;
    findings.push({ code: "unknown_schema", path: "result", message });
  }
  if (findings.length > 0) throw new PreflightError(`Cannot read flow "${document.id}"`, findings);
  return { options: decodeOptions(document, registry), fill: (graph) => fill(graph, document, routines) };
}

function decodeOptions(document: FlowDocument, registry: Registry): DecodedFlow["options"] {
  const { errorHandler, limits = {} } = document;
  const result = document.result === undefined ? undefined : registry.findSchema(document.result);
  return {
    id: document.id,
    registry,
    executionStrategy: document.executionStrategy,
    maxWorkers: document.maxWorkers,
    executionTimeoutMs: document.executionTimeoutMs ?? Infinity,
    ...(errorHandler === undefined ? {} : { errorHandler: decodeErrorHandler(errorHandler, registry) }),
    limits,
    version: document.flowVersion ?? 1,
    ...(result === undefined ? {} : { result }),
  };
}

function decodeErrorHandler(document: JsonObject, registry: Registry): ErrorHandler {
  return readErrorHandler(document, "errorHandler", (name) => registry.functionOf(functionNameIn(name)) as RetryIf);
}

/** The name of the registered function that a reference names; a flow has no methods. */
function functionNameIn(reference: unknown): string {
  // Unreachable default: the schema requires one of the two.
  return isRecord(reference) ? String(reference["function"] ?? reference["method"]) : "";
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
  document.failureConnections?.forEach(({ from, to, ...options }, index) => {
    try {
      const source = from.slot === undefined ? graph.routine(from.routine) : graph.slot(from.routine, from.slot);
      graph.connectFailure<Routine<object> | Slot<never>>(source, graph.slot(to.routine, to.slot), options as object);
    } catch (error) {
      refuse(`failureConnections[${index}]`, error);
    }
  });
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
  findings: PreflightFinding[],
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
    } else {
      const code = registry.hasClass(document.type) ? "routine_mismatch" : "unknown_class";
      findings.push({ code, path, message: describeError(error).message });
    }
  }
  return undefined;
}

function below(path: string, rest: string): string {
  return rest === "" || rest.startsWith("[") ? path + rest : `${path}.${rest}`;
}

function migrate(Class: object, document: RoutineDocument): unknown {
  const step: unknown = Reflect.get(Class, "migrate");
  if (typeof step !== "function") throw new TypeError(`the class has no static migrate(json, fromVersion)`);
  return Reflect.apply(step, Class, [document as unknown as JsonObject, document.version]);
}

function checkConnections(
  { connections, failureConnections = [], routines: known }: FlowDocument,
  routines: ReadonlyMap<string, Routine<object>>,
  findings: PreflightFinding[],
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
  failureConnections.forEach((connection, index) => {
    for (const end of ["from", "to"] as const) {
      const { routine, slot } = connection[end];
      const path = `failureConnections[${index}].${end}`;
      const missing = (part: string, message: string) =>
        findings.push({ code: "broken_connection", path: `${path}.${part}`, message });
      if (!Object.hasOwn(known, routine)) missing("routine", `there is no routine "${routine}"`);
      else if (slot !== undefined && routines.get(routine)?.getSlot(slot) === undefined && routines.has(routine)) {
        missing("slot", `routine "${routine}" has no slot "${slot}"`);
      }
    }
  });
}
