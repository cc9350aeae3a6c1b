import { BUILT_IN_TAGS, type SerializableClass } from "./class_table.ts";
import {
  type AnyClass,
  CONSTRUCTOR_REMEDY,
  constructorNeeds,
  constructorOf,
  functionName,
} from "../base/reflection.ts";
import { checkName, checkRecord, listNames, quote } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import { isStandardSchema, type StandardSchema } from "./standard_schema.ts";

/** What can be registered: a class that needs no constructor argument and has `static fromJSON`, a function, or a Standard Schema. */
export type Registrable = SerializableClass | ((...args: never[]) => unknown) | StandardSchema;

/**
 * The names by which classes, functions and schemas travel. An ordinary object, made by the application and given to the flows
 * that need it; the keys are the names on the wire, so minifiers can't change them.
 *
 * @example
 * ```ts
 * import { Registry, Routine } from "@routilux/routilux";
 *
 * class Worker extends Routine {}
 * const registry = new Registry({ Worker });
 * ```
 */
export class Registry {
  readonly #classes: Map<string, AnyClass> = new Map();
  readonly #functions: Map<string, AnyFunction> = new Map();
  readonly #schemas: Map<string, StandardSchema> = new Map();
  readonly #names: Map<unknown, string> = new Map();

  /**
   * Makes a registry of the entries.
   *
   * @throws {TypeError} as `register` does
   */
  constructor(entries: Readonly<Record<string, Registrable>> = {}) {
    this.register(entries);
  }

  /**
   * Adds entries. All of them are checked before the first is added. The same entry under its own name again is fine; a
   * class may be read under several names and is written under its first.
   *
   * @throws {TypeError} for a list, a name that is taken or reserved, a class without `static fromJSON` or with required
   * constructor arguments, and anything that is no class, function or schema
   */
  register(entries: Readonly<Record<string, Registrable>>): this {
    if (Array.isArray(entries)) {
      const names = entries.filter((it) => typeof it === "function").map(functionName).join(", ");
      throw new TypeError(`Cannot register a list, which has no names; write { ${names} }`);
    }
    checkRecord("Cannot register", "what is registered", entries);
    this.#add(Object.entries(entries));
    return this;
  }

  /**
   * Adds all entries of other registries.
   *
   * @throws {TypeError} when two entries share a name
   */
  merge(...others: readonly Registry[]): this {
    this.#add(others.flatMap((other) => [...other.#classes, ...other.#functions, ...other.#schemas]));
    return this;
  }

  /** The names of all classes, then of all functions and schemas. */
  get names(): readonly string[] {
    return [...this.#classes.keys(), ...this.#functions.keys(), ...this.#schemas.keys()];
  }

  /** The wire name of a class, a function or a schema, if it is registered. */
  nameOf(entry: unknown): string | undefined {
    return this.#names.get(entry);
  }

  /** The wire name of the class that made `instance`, if it is registered. */
  classNameOf(instance: object): string | undefined {
    return this.nameOf(constructorOf(instance));
  }

  /** Says whether a class goes by that name. */
  hasClass(name: string): boolean {
    return this.#classes.has(name);
  }

  /**
   * The class that goes by a name.
   *
   * @throws {TypeError} listing the known classes when there is none
   */
  classOf(name: string): abstract new (...args: never[]) => object {
    const Class = this.#classes.get(name);
    if (Class === undefined) {
      throw new TypeError(`Class ${quote(name, "'")} not found in registry; it knows ${listNames(this.#classes)}`);
    }
    return Class;
  }

  /** Says whether a function goes by that name. */
  hasFunction(name: string): boolean {
    return this.#functions.has(name);
  }

  /**
   * The function that goes by a name.
   *
   * @throws {TypeError} listing the known functions when there is none
   */
  functionOf(name: string): (...args: never[]) => unknown {
    const run = this.#functions.get(name);
    if (run === undefined) {
      throw new TypeError(`Function ${quote(name, "'")} not found in registry; it knows ${listNames(this.#functions)}`);
    }
    return run;
  }

  /** The schema that goes by a name, if there is one. */
  findSchema(name: string): StandardSchema | undefined {
    return this.#schemas.get(name);
  }

  /**
   * Builds an instance of a registered class by its static `fromJSON`.
   *
   * @throws {TypeError} when there is no class of this name, or it has no `fromJSON` any more
   */
  revive(name: string, json: unknown): unknown {
    const Class = this.classOf(name);
    const read: unknown = "fromJSON" in Class ? Class.fromJSON : undefined;
    if (typeof read !== "function") throw new TypeError(`Class '${name}' has no static fromJSON any more`);
    return Reflect.apply(read, Class, [json, this]);
  }

  #add(entries: readonly (readonly [string, AnyClass | AnyFunction | StandardSchema])[]): void {
    const coming = new Map<string, unknown>();
    for (const [name, entry] of entries) {
      const known = this.#classes.get(name) ?? this.#functions.get(name) ?? this.#schemas.get(name);
      this.#check(name, entry, coming.get(name) ?? known);
      coming.set(name, entry);
    }
    for (const [name, entry] of entries) {
      if (isStandardSchema(entry)) this.#schemas.set(name, entry);
      else if (isClassLike(entry)) this.#classes.set(name, entry);
      else this.#functions.set(name, entry);
      if (!this.#names.has(entry)) this.#names.set(entry, name);
    }
  }

  #check(name: string, entry: unknown, known: unknown): void {
    const action = `Cannot register '${name}'`;
    checkName("Cannot register", "name", name);
    if (BUILT_IN_TAGS.has(name)) throw new TypeError(`${action}: the name is reserved for the built-in type`);
    const isSchema = isStandardSchema(entry);
    if (!isSchema && typeof entry !== "function") {
      throw new TypeError(`${action}: expected a class, a function or a schema, got ${describeValue(entry)}`);
    }
    if (known !== undefined && known !== entry) {
      const [mine, theirs] = [describeEntry(entry), describeEntry(known)];
      throw new TypeError(`${action} as ${mine}: the name is taken by ${theirs}; choose another key`);
    }
    if (!isSchema && isClassLike(entry)) checkClass(name, entry);
  }
}

type AnyFunction = (...args: never[]) => unknown;

function describeEntry(entry: unknown): string {
  if (isStandardSchema(entry) || typeof entry !== "function") return "schema";
  const name = functionName(entry);
  return `${isClassLike(entry) ? "class" : "function"} ${name === "" ? "(anonymous)" : `'${name}'`}`;
}

function isClassLike(entry: unknown): entry is AnyClass {
  return typeof entry === "function" &&
    ("fromJSON" in entry || /^class\b/.test(Function.prototype.toString.call(entry)));
}

function checkClass(name: string, Class: AnyClass): void {
  const action = `Class '${name}' cannot be registered`;
  if (!("fromJSON" in Class) || typeof Class.fromJSON !== "function") {
    throw new TypeError(`${action}: it has no static fromJSON(json) that builds an instance from its toJSON()`);
  }
  const needs = constructorNeeds(Class);
  if (needs !== undefined) throw new TypeError(`${action}: its constructor requires ${needs}. ${CONSTRUCTOR_REMEDY}`);
}
