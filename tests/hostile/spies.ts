import { Registry } from "../../mod.ts";

/** A registry that knows the same names as another, but counts whenever something of it is called. */
export interface SpyRegistry {
  readonly registry: Registry;
  /** How often a constructor, a `fromJSON`, a `toJSON` or a function of it was called. */
  readonly calls: () => number;
}

/** Makes a registry in which nothing may be called. */
export function spyOn(known: Registry): SpyRegistry {
  let calls = 0;
  class Spy {
    constructor() {
      calls++;
    }
    static fromJSON(): Spy {
      calls++;
      return new Spy();
    }
    toJSON(): string {
      calls++;
      return "spy";
    }
  }
  const run = () => void calls++;
  const names = known.names.map((name) => [name, known.hasClass(name) ? Spy : run] as const);
  const registry = new Registry(Object.fromEntries(names));
  return { registry, calls: () => calls };
}

const BUILT_INS: readonly object[] = [
  ...[Object, Array, Function, String, Number, Boolean, Map, Set, Date, Error, Promise, Uint8Array, RegExp]
    .flatMap((Class): object[] => [Class, Class.prototype]),
  ...[JSON, Math, Reflect],
];

/** Remembers the built-in objects; the returned function says what has changed since, or nothing. */
export function watchBuiltIns(): () => string {
  const before = BUILT_INS.map((owner) => new Map(Reflect.ownKeys(owner).map((key) => [key, valueOf(owner, key)])));
  return () => {
    for (const [index, owner] of BUILT_INS.entries()) {
      const known = before[index];
      const keys = Reflect.ownKeys(owner);
      if (keys.length !== known?.size) return `keys of built-in ${index} have come or gone: ${keys.map(String)}`;
      const changed = keys.find((key) => !Object.is(known.get(key), valueOf(owner, key)));
      if (changed !== undefined) return `${String(changed)} of built-in ${index} is another`;
    }
    return "";
  };
}

function valueOf(owner: object, key: PropertyKey): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(owner, key);
  return descriptor?.get ?? descriptor?.value;
}
