import { constructorOf, functionName } from "../base/reflection.ts";

/** The names that tag built-in types; no class can be registered under one. */
export const BUILT_IN_TAGS: ReadonlySet<string> = new Set(["Date", "Map", "Set", "bigint", "Uint8Array", "Error"]);

/** A class whose instances travel: built without arguments, written by `toJSON`, read by its static `fromJSON`. */
export interface SerializableClass {
  /** The constructor takes no required argument. */
  new (): object;
  /** Builds an instance from what its `toJSON` wrote. */
  fromJSON(json: unknown, registry: never): unknown;
}

/** Finds the wire name of an instance's class, and reads an instance by that name. The registry is one. */
export interface ClassTable {
  /** The wire name of the class that made `instance`, if it has one. */
  classNameOf(instance: object): string | undefined;
  /** Says whether a class goes by that name. */
  hasClass(name: string): boolean;
  /** Builds an instance by its class's `fromJSON`. */
  revive(name: string, json: unknown): unknown;
}

/** A table that takes any class with `toJSON` and static `fromJSON`: for values that are held before a registry is known. */
export class OpenClassTable implements ClassTable {
  readonly #names: Map<unknown, string> = new Map();

  /** The name given to the instance's class at first sight. */
  classNameOf(instance: object): string | undefined {
    const Class = constructorOf(instance);
    if (typeof Class !== "function" || !("fromJSON" in Class)) return undefined;
    const known = this.#names.get(Class);
    if (known !== undefined) return known;
    const own = functionName(Class);
    const isFree = own !== "" && !BUILT_IN_TAGS.has(own) && !this.hasClass(own);
    const name = isFree ? own : `${own} (${this.#names.size})`;
    this.#names.set(Class, name);
    return name;
  }

  /** Says whether that name was given. */
  hasClass(name: string): boolean {
    return Array.from(this.#names.values()).includes(name);
  }

  /** Builds an instance by the `fromJSON` of the class that was given the name. */
  revive(name: string, json: unknown): unknown {
    for (const [Class, known] of this.#names) {
      if (
        known === name && typeof Class === "function" && "fromJSON" in Class && typeof Class.fromJSON === "function"
      ) {
        return Reflect.apply(Class.fromJSON, Class, [json, this]);
      }
    }
    throw new TypeError(`Class '${name}' is not known here`);
  }
}
