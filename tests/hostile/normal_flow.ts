import { canonical, isEmpty, list, mapped, record, withoutEmpty } from "./normal_job.ts";

/** What a flow's document says where it says nothing. */
const LIMITS: Readonly<Record<string, number>> = {
  depth: 100,
  failures: 1_000,
  highWater: 64,
  history: 1_000,
  log: 1_000,
  nodes: 1_000_000,
  outputs: 1_000,
};
const ERROR_HANDLER = {
  isCritical: true,
  jitter: 0.2,
  maxRetries: 3,
  maxRetryDelayMs: 3_600_000,
  retryBackoff: 2,
  retryDelayMs: 1_000,
};

/** What the classes of a family declare: a routine's document by the name of its class. */
export type Declared = Readonly<Record<string, unknown>>;

/**
 * What reading and writing a flow may change, and nothing else: the order of the library's keys, what is optional and
 * empty, settings that are left out or as by default, a connection that is there twice. Slots and events that a class
 * declares are as the class says; so are its version, and fields that are left out. In config and fields, what is built anew says what it is made of:
 * errors lose their stack and far causes, maps and sets what they hold twice, and a class keeps what it knows.
 */
export function normalFlow(document: unknown, declared: Declared): string {
  const { limits, errorHandler, connections, failureConnections, routines, ...flow } = record(document);
  const changed = Object.entries(record(limits)).filter(([name, value]) => value !== LIMITS[name]);
  const distinct = new Set(list(connections).map((connection) => canonical(withoutEmpty(record(connection), isEmpty))));
  return canonical({
    ...flow,
    ...(changed.length === 0 ? {} : { limits: Object.fromEntries(changed) }),
    ...normalHandler(errorHandler),
    connections: Array.from(distinct),
    ...(failureConnections === undefined
      ? {}
      : { failureConnections: list(failureConnections).map((it) => withoutEmpty(record(it), isEmpty)) }),
    routines: mapped(routines, (routine) => normalRoutine(record(routine), declared)),
  });
}

function normalRoutine(routine: Readonly<Record<string, unknown>>, declared: Declared): unknown {
  const { errorHandler, events, fields, functions, slots, ...rest } = routine;
  const known = record(declared[String(routine["type"])]);
  return {
    ...withoutEmpty({ fields: mapped({ ...record(known["fields"]), ...record(fields) }, rebuilt), functions }, isEmpty),
    ...rest,
    config: mapped(routine["config"], rebuilt),
    ...normalHandler(errorHandler),
    events: { ...mapped(events, (event) => withoutEmpty(record(event), isEmpty)), ...record(known["events"]) },
    slots: { ...record(slots), ...record(known["slots"]) },
    version: known["version"],
  };
}

function normalHandler(handler: unknown): Record<string, unknown> {
  return handler === undefined ? {} : { errorHandler: { ...ERROR_HANDLER, ...record(handler) } };
}

/** How many causes of causes an error keeps when it is described anew. */
const CAUSES = 8;

/** A value that was decoded and encoded again. */
function rebuilt(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rebuilt);
  const { $type: tag, value: content } = record(value);
  if (typeof tag !== "string") return typeof value === "object" && value !== null ? mapped(value, rebuilt) : value;
  switch (tag) {
    case "Error":
      return { tag, content: described(content, CAUSES) };
    case "Map":
      return { tag, content: last(list(content).map((pair) => list(pair).map(rebuilt))) };
    case "Set":
      return { tag, content: last(list(content).map((item) => [rebuilt(item)])) };
    default:
      return TEXTS.has(tag) ? { tag, content } : { tag };
  }
}

const TEXTS: ReadonlySet<string> = new Set(["Date", "bigint", "Uint8Array"]);

/** Of entries with the same key the last, in the place of the first; objects are never the same. */
function last(entries: readonly (readonly unknown[])[]): unknown[] {
  const byKey = new Map<unknown, readonly unknown[]>();
  for (const entry of entries) byKey.set(identity(entry[0]), entry);
  return Array.from(byKey.values());
}

function identity(key: unknown): unknown {
  const { tag, content } = record(key);
  return tag === "bigint" ? `bigint ${content}` : typeof key === "string" ? `text ${key}` : key;
}

function described(error: unknown, causes: number): unknown {
  const { cause, omitted: _omitted, stack: _stack, ...rest } = record(error);
  return cause === undefined || causes === 0 ? rest : { ...rest, cause: described(cause, causes - 1) };
}
