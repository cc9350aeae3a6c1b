/** The name of a function or class, as a value of its own: no getter runs. Empty where it has none that is a text. */
export function functionName(fn: object): string {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, "name")?.value;
  return typeof name === "string" ? name : "";
}

/** The class that made an instance, as its prototype names it; no getter of the instance's own runs. */
export function constructorOf(instance: object): unknown {
  const prototype: unknown = Object.getPrototypeOf(instance);
  if (typeof prototype !== "object" || prototype === null) return undefined;
  return Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
}

/**
 * The error of a method that was called without its object, as by `const { emit } = ctx`: only the types refuse that, and an engine
 * of JavaScript would name a private field. `places` are what handlers call it on.
 */
export function detached(method: string, ...places: readonly string[]): TypeError {
  const calls = places.map((it) => `${it}.${method}(…)`).join(" or ");
  return new TypeError(`Cannot call ${method}: it was taken off its object; write ${calls}`);
}

/** How to do without constructor arguments. */
export const CONSTRUCTOR_REMEDY =
  "Give it a default, or use setConfig({ … }). An optional parameter needs a default too: write `name = undefined`.";

/** A class as a value, whatever its constructor takes. */
export type AnyClass = abstract new (...args: never[]) => object;

/**
 * Which arguments a class's constructor requires: how many, with their names as far as the source shows them; nothing
 * when `new Class()` is enough. A parent requires them too, unless the class gives it as many; nothing is constructed.
 *
 * `(a = 1, b)` counts as none, as `Class.length` does: only the type checker sees that one.
 */
export function constructorNeeds(Class: AnyClass): string | undefined {
  let current = Class;
  let given: readonly unknown[] = [];
  for (;;) {
    if (current.length > given.length) return describeNeeds(current);
    const parent: unknown = Object.getPrototypeOf(current);
    if (!isWrittenClass(parent)) return undefined;
    const passed = passedToParent(current, parent, given);
    if (passed === undefined) return undefined;
    current = parent;
    given = passed;
  }
}

/**
 * Swaps the parent for a probe that throws, and constructs: neither the parent nor a field initialiser runs, and the probe
 * sees what the parent would be given. Matching the source missed implicit constructors and mixins.
 */
function passedToParent(Class: AnyClass, parent: AnyClass, given: readonly unknown[]): readonly unknown[] | undefined {
  let passed: readonly unknown[] | undefined;
  const probe = function (...args: unknown[]): never {
    passed = args;
    throw new Error("probed");
  };
  if (!Reflect.setPrototypeOf(Class, probe)) return undefined;
  try {
    Reflect.construct(Class, given);
  } catch {
    // The probe threw, or the constructor did before it called its parent.
  } finally {
    Reflect.setPrototypeOf(Class, parent);
  }
  return passed;
}

/** More than engines write for the body of a built-in class. */
const NATIVE_LENGTH = 40;

/** A built-in class such as `Error` can do without arguments, whatever its length says. Sources are long: only the end is searched. */
function isWrittenClass(value: unknown): value is AnyClass {
  return typeof value === "function" && value !== Function.prototype &&
    !/\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(value).slice(-NATIVE_LENGTH));
}

function describeNeeds(Class: AnyClass): string {
  const count = `${Class.length} parameter${Class.length === 1 ? "" : "s"}`;
  const source = Function.prototype.toString.call(Class);
  const list = /\bconstructor\s*\(([^)]*)\)/.exec(source)?.[1] ?? "";
  const parts = list.split(",").map((part) => part.trim()).filter((part) => part !== "");
  const required = parts.slice(0, Class.length);
  const named = required.length === Class.length && required.every((name) => /^[\w$]+$/.test(name));
  return named ? `${count}: ${required.join(", ")}` : count;
}
