import { functionName } from "../base/reflection.ts";
import { className } from "../base/path.ts";
import type { Registry } from "../values/registry.ts";
import type { Membership } from "./routine_declaration.ts";

/** How a function travels: as a method of the routine itself, or under its name in the registry. */
export type FunctionReference = { readonly method: string } | { readonly function: string };

/**
 * What `routine[key]` is, without running a getter: own properties first, then prototypes up to, not including, `root`.
 * The first that has the key decides.
 */
export function reach(routine: object, key: string, root: object): unknown {
  if (key === "constructor") return undefined;
  for (const owner of owners(routine, root)) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key);
    if (descriptor !== undefined) return descriptor.value;
  }
  return undefined;
}

/**
 * The name under which a function of a routine travels.
 *
 * @throws {TypeError} saying whose function it is instead and what to do, in the words of the original library where it
 * has some
 */
export function nameFunction(
  fn: AnyFunction,
  routine: object,
  root: object,
  place: Membership,
  what: string,
): FunctionReference {
  const method = methodName(fn, routine, root);
  if (method !== undefined) return { method };
  const registered = place.registry.nameOf(fn);
  if (registered !== undefined) return { function: registered };
  throw new TypeError(refusal(fn, routine, root, place, what));
}

type AnyFunction = (...args: never[]) => unknown;

function methodName(fn: AnyFunction, routine: object, root: object): string | undefined {
  const name = functionName(fn);
  if (reach(routine, name, root) === fn) return name;
  return keysOf(fn, routine, root).find((key) => reach(routine, key, root) === fn);
}

function refusal(fn: AnyFunction, routine: object, root: object, place: Membership, what: string): string {
  const label = (it: object, id: string) => `${place.registry.classNameOf(it) ?? className(it) ?? "Routine"}[${id}]`;
  const self = label(routine, place.id);
  const foreign = (key: string, owner: string) =>
    `Cannot serialize method '${key}' from ${owner}. Only methods of the serialized object itself (${self}) can be ` +
    `serialized for cross-process execution.`;
  for (const [id, other] of place.routines) {
    const key = other === routine ? undefined : methodName(fn, other, root);
    if (key !== undefined) return foreign(key, label(other, id));
  }
  const action = `Cannot serialize the ${what} of ${self}:`;
  const hidden = keysOf(fn, routine, root)[0];
  if (hidden !== undefined) return `${action} another '${hidden}' hides it; give one of the two another name`;
  const inherited = Object.entries(Object.getOwnPropertyDescriptors(root)).find(([, { value }]) => value === fn);
  if (inherited !== undefined) {
    return `${action} '${inherited[0]}' is a method of Routine itself; write one of your own`;
  }
  const owner = ownerOfMethod(place.registry, fn);
  if (owner !== undefined) return foreign(owner.method, owner.className);
  const name = functionName(fn);
  if (name.startsWith("#")) {
    return `${action} the private method '${name}' has no name at run time; make it a public method`;
  }
  if (name.startsWith("bound ")) {
    return `${action} it is a bound function; pass this.${name.slice("bound ".length) || "name"} unbound`;
  }
  const example = name === "" ? "name" : name;
  return `${action} the function '${name}' cannot be found by name; make it a method, or registry.register({ ${example} })`;
}

/** The class whose method `fn` is, with the method's key, if it stands on a registered class's prototype. */
export function ownerOfMethod(registry: Registry, fn: unknown): { className: string; method: string } | undefined {
  for (const className of registry.names) {
    const prototype: unknown = registry.hasClass(className) ? registry.classOf(className).prototype : undefined;
    if (typeof prototype !== "object" || prototype === null) continue;
    const found = Object.entries(Object.getOwnPropertyDescriptors(prototype))
      .find(([key, descriptor]) => key !== "constructor" && descriptor.value === fn);
    if (found !== undefined) return { className, method: found[0] };
  }
  return undefined;
}

/** All keys on the routine and its prototypes below `root` that hold the function, reachable or hidden. */
function keysOf(fn: AnyFunction, routine: object, root: object): string[] {
  return Array.from(owners(routine, root)).flatMap((owner) =>
    Object.entries(Object.getOwnPropertyDescriptors(owner))
      .filter(([key, { value }]) => key !== "constructor" && value === fn)
      .map(([key]) => key)
  );
}

function* owners(routine: object, root: object): Generator<object, void, undefined> {
  let owner: object | null = routine;
  while (owner !== null && owner !== root) {
    yield owner;
    owner = Object.getPrototypeOf(owner);
  }
}
