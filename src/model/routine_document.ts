import { type AnyClass, CONSTRUCTOR_REMEDY, constructorNeeds } from "../base/reflection.ts";
import { DEFAULT_VALUE_LIMITS, draftOf, frozenWireOf, type Payload, type ValueLimits } from "../values/payload.ts";
import { payloadOf } from "../values/encoder.ts";
import { PreflightError, type PreflightFinding, SerializationError } from "../base/errors.ts";
import { isRecord, type JsonObject, type JsonValue } from "../values/json.ts";
import { checkInteger, RESERVED_NAMES } from "../base/options.ts";
import { className, describeValue, pathStep } from "../base/path.ts";
import { ValueReader } from "../values/value_reader.ts";
import type { Registry } from "../values/registry.ts";
import { type ErrorHandler, readErrorHandler, type RetryIf, writeErrorHandler } from "./error_handler.ts";
import { createEvent } from "./event.ts";
import { type FunctionReference, nameFunction, reach } from "./function_names.ts";
import type { Membership, RoutineDeclaration } from "./routine_declaration.ts";
import { type AnyHandler, createSlot, type MergeFunction, type Slot, type SlotSettings } from "./slot.ts";

/** A routine in a flow's document. */
export interface RoutineDocument {
  /** The most of its handlers that may run at once in a concurrent job. */
  readonly concurrency?: number;
  /** The config values. */
  readonly config: JsonObject;
  /** What happens when a handler throws. */
  readonly errorHandler?: JsonObject;
  /** The events by name. */
  readonly events: { readonly [name: string]: EventDocument };
  /** The instance fields that travel. */
  readonly fields?: JsonObject;
  /** The functions that the routine was given, by role. */
  readonly functions?: { readonly [role: string]: FunctionReference };
  /** The slots by name. */
  readonly slots: { readonly [name: string]: SlotDocument };
  /** The name of the class in the registry. */
  readonly type: string;
  /** The version of the class that wrote this. */
  readonly version: number;
}

/** A slot in a flow's document. */
export interface SlotDocument {
  /** What runs for each delivery. */
  readonly handler?: FunctionReference;
  /** How deliveries are joined, where they are. */
  readonly merge?: "append" | FunctionReference;
  /** The longest that one activation may take. */
  readonly timeoutMs?: number;
  /** The slot and the event of its name are a timer. */
  readonly timer?: true;
}

/** An event in a flow's document. */
export interface EventDocument {
  /** The keys that the payload has. */
  readonly params?: readonly string[];
}

/** A routine with what is known of it: all that writing and reading need. */
export interface RoutineParts {
  /** The routine itself. */
  readonly routine: object;
  /** What it declares. */
  readonly declaration: RoutineDeclaration;
  /** The prototype of `Routine`, where the search for methods ends. */
  readonly root: object;
}

/**
 * Writes a routine of a flow.
 *
 * @throws {TypeError} for a class that is not registered or cannot be built without arguments, and for a function that
 * has no name
 * @throws {SerializationError} for a config value or field that JSON cannot carry
 */
export function writeRoutine(parts: RoutineParts, place: Membership): RoutineDocument {
  const { routine, declaration } = parts;
  const type = typeOf(routine, place);
  const action = `Cannot serialize routine "${place.id}"`;
  const config = encodeAll(declaration.configObject(), place.registry, action, "config");
  const named = Array.from(declaration.fields, (name): [string, unknown] => [name, Reflect.get(routine, name)]);
  const fields = encodeAll(Object.fromEntries(named), place.registry, action, "fields");
  return {
    ...(declaration.concurrency === undefined ? {} : { concurrency: declaration.concurrency }),
    config,
    ...(declaration.errorHandler === undefined
      ? {}
      : { errorHandler: nameErrorHandler(parts, declaration.errorHandler, place) }),
    events: sorted(declaration.events, (event) => event.params.length === 0 ? {} : { params: event.params }),
    ...(Object.keys(fields).length === 0 ? {} : { fields }),
    ...(declaration.functions.size === 0 ? {} : { functions: writeFunctions(parts, place) }),
    slots: sorted(declaration.slots, (slot) => writeSlot(slot, parts, place)),
    type,
    version: versionOf(routine.constructor),
  };
}

/** The version that a class states, 1 where it states none. */
export function versionOf(Class: unknown): number {
  if (typeof Class !== "function" || !("version" in Class)) return 1;
  const { name, version }: { name: string; version?: unknown } = Class;
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1) {
    throw new TypeError(
      `Class '${name}': static version must be an integer of at least 1, not ${describeValue(version)}`,
    );
  }
  return version;
}

/**
 * Gives a routine, just built, what its document says. Where the class declares a slot, the code wins.
 *
 * @throws {SerializationError} naming the place, when the document does not fit the class
 */
export function readRoutine(
  { routine, declaration, root }: RoutineParts,
  json: unknown,
  registry: Registry,
  limits: ValueLimits = DEFAULT_VALUE_LIMITS,
): void {
  const document = section(json, "");
  const config = readValues(document.config, "config", registry, limits);
  const fields = readValues(document.fields, "fields", registry, limits);
  declaration.clearConfig();
  declaration.setConfig(config);
  for (const [key, value] of Object.entries(fields)) {
    if (!declaration.fields.has(key)) {
      fail(`fields${pathStep(key)}`, "the class does not list this field in addSerializableFields");
    }
    Reflect.set(routine, key, value);
  }
  if (document.concurrency !== undefined) {
    declaration.concurrency = checkInteger("Cannot read routine", "concurrency", Number(document.concurrency));
  }
  if (document.errorHandler !== undefined) {
    const find = (name: unknown, path: string) => findFunction(name, path, routine, root, registry) as RetryIf;
    declaration.errorHandler = readErrorHandler(document.errorHandler, "errorHandler", find);
  }
  for (const [role, name] of entries(document.functions, "functions")) {
    declaration.functions.set(role, findFunction(name, `functions${pathStep(role)}`, routine, root, registry));
  }
  for (const [name, event] of entries(document.events, "events")) {
    if (declaration.events.has(name)) continue;
    const params = section(event, `events${pathStep(name)}`).params;
    const list = Array.isArray(params) ? params.filter((key) => typeof key === "string") : [];
    declaration.events.set(name, createEvent(routine, name, list, undefined));
  }
  for (const [name, slot] of entries(document.slots, "slots")) {
    const path = `slots${pathStep(name)}`;
    const read = readSlot(section(slot, path), path, routine, root, registry);
    const declared = declaration.slots.get(name);
    if (declared === undefined) addSlot(declaration, createSlot(routine, name, read), read.isTimer, path);
    else if (declared.handler !== read.handler) {
      fail(
        `${path}.handler`,
        `the class has another handler for this slot (${
          declared.handler?.name ?? "none"
        }); raise its static version and write a migrate`,
      );
    }
  }
}

/** Reads users' values. All classes that they name are looked up before the first instance is built. */
function readValues(json: unknown, path: string, registry: Registry, limits: ValueLimits): Record<string, unknown> {
  const reader = new ValueReader("routine", limits);
  for (const [key] of entries(json, path)) {
    if (RESERVED_NAMES.has(key)) fail(path + pathStep(key), "expected no key of this name, got one");
  }
  const read = entries(json, path).map((
    [key, value],
  ): [string, Payload | undefined] => [key, reader.read(value, path + pathStep(key))]);
  const unknown = Array.from(reader.classes).filter(([name]) => !registry.hasClass(name));
  if (unknown.length > 0) {
    const findings = unknown.map(([name, at]): PreflightFinding => {
      return { code: "unknown_class", path: at, message: `class '${name}' not found in registry` };
    });
    throw new PreflightError("Cannot read routine", findings);
  }
  return Object.fromEntries(read.map(([key, value]) => [key, draftOf(value, registry)]));
}

function addSlot(declaration: RoutineDeclaration, slot: Slot<never>, isTimer: boolean, path: string): void {
  declaration.slots.set(slot.name, slot);
  if (!isTimer) return;
  const event = declaration.events.get(slot.name);
  if (event === undefined) {
    fail(`${path}.timer`, `a timer needs an event of its name, and there is no event "${slot.name}"`);
  }
  declaration.timers.set(slot, event);
}

function typeOf(routine: object, { id, registry }: Membership): string {
  const Class = routine.constructor as unknown as AnyClass;
  const label = `Routine '${id}' (${className(routine) ?? "unnamed class"}) cannot be serialized`;
  const needs = constructorNeeds(Class);
  if (needs !== undefined) throw new TypeError(`${label}: its constructor requires ${needs}. ${CONSTRUCTOR_REMEDY}`);
  const type = registry.nameOf(Class);
  if (type === undefined) {
    throw new TypeError(
      `${label}: its class is not registered; write new Registry({ ${className(routine) ?? "MyRoutine"} })`,
    );
  }
  return type;
}

function encodeAll(
  values: Readonly<Record<string, unknown>>,
  registry: Registry,
  action: string,
  root: string,
): JsonObject {
  const json: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(values)) {
    const stored = payloadOf(value, registry, { action, root: root + pathStep(key) });
    if (stored !== undefined) json[key] = frozenWireOf(stored);
  }
  return json;
}

function writeFunctions(
  { routine, declaration, root }: RoutineParts,
  place: Membership,
): NonNullable<RoutineDocument["functions"]> {
  return sorted(declaration.functions, (fn, role) => nameFunction(fn, routine, root, place, `function "${role}"`));
}

function nameErrorHandler({ routine, root }: RoutineParts, handler: ErrorHandler, place: Membership): JsonObject {
  return writeErrorHandler(handler, (retryIf) => nameFunction(retryIf, routine, root, place, "retryIf"));
}

function writeSlot(slot: Slot<never>, { routine, declaration, root }: RoutineParts, place: Membership): SlotDocument {
  const name = (fn: AnyHandler | MergeFunction, what: string): FunctionReference =>
    nameFunction(fn, routine, root, place, `${what} of slot "${slot.name}"`);
  const merge = typeof slot.merge === "function" ? name(slot.merge, "merge") : slot.merge;
  return {
    ...(slot.handler === undefined ? {} : { handler: name(slot.handler, "handler") }),
    ...(merge === "override" ? {} : { merge }),
    ...(slot.timeoutMs === undefined ? {} : { timeoutMs: slot.timeoutMs }),
    ...(declaration.timers.has(slot) ? { timer: true } : {}),
  };
}

function sorted<V, W>(
  map: ReadonlyMap<string, V>,
  write: (value: V, name: string) => W,
): { readonly [name: string]: W } {
  const names = Array.from(map.keys()).sort();
  return Object.fromEntries(names.map((name) => [name, write(map.get(name) as V, name)]));
}

interface ReadSlot extends SlotSettings {
  readonly isTimer: boolean;
}

function readSlot(slot: Section, path: string, routine: object, root: object, registry: Registry): ReadSlot {
  const find = (name: unknown, key: string) => findFunction(name, `${path}.${key}`, routine, root, registry);
  const { handler, merge = "override", timeoutMs } = slot;
  return {
    handler: handler === undefined ? undefined : find(handler, "handler"),
    merge: merge === "override" || merge === "append" ? merge : find(merge, "merge"),
    schema: undefined,
    timeoutMs: typeof timeoutMs === "number" ? timeoutMs : undefined,
    isTimer: slot.timer === true,
  };
}

function findFunction(name: unknown, path: string, routine: object, root: object, registry: Registry): AnyHandler {
  if (isRecord(name)) {
    if (typeof name.function === "string") {
      if (registry.hasFunction(name.function)) return registry.functionOf(name.function) as AnyHandler;
      fail(path, `function '${name.function}' is not in the registry`);
    }
    if (typeof name.method === "string") {
      const method = reach(routine, name.method, root);
      if (typeof method === "function") return method as AnyHandler;
      fail(path, `the class has no method '${name.method}'`);
    }
  }
  return fail(path, `expected { "method": name } or { "function": name }, got ${describeValue(name)}`);
}

type Section = Readonly<Record<string, unknown>>;

function section(json: unknown, path: string): Section {
  return isRecord(json) ? json : fail(path, `expected an object, got ${describeValue(json)}`);
}

function entries(json: unknown, path: string): [string, unknown][] {
  return json === undefined ? [] : Object.entries(section(json, path));
}

function fail(path: string, message: string): never {
  throw new SerializationError(
    path === "" ? `Cannot read routine: ${message}` : `${path}: ${message}`,
    "routine",
    path,
  );
}
