/** How to do without constructor arguments. */
export const CONSTRUCTOR_REMEDY =
  "Give it a default, or use setConfig({ … }). An optional parameter needs a default too: write `name = undefined`.";

/** A class as a value, whatever its constructor takes. */
export type AnyClass = abstract new (...args: never[]) => object;

/**
 * Which arguments a class's constructor requires: how many, with their names as far as the source shows them; nothing
 * when `new Class()` is enough. Looks at parents as long as the class passes its own arguments on to them, and constructs
 * nothing.
 *
 * `(a = 1, b)` counts as none, as `Class.length` does: only the type checker sees that one.
 */
export function constructorNeeds(Class: AnyClass): string | undefined {
  let current: AnyClass = Class;
  for (;;) {
    if (current.length > 0) return describeNeeds(current);
    const parent: unknown = Object.getPrototypeOf(current);
    if (!isClass(parent) || !passesArgumentsOn(current, parent)) return undefined;
    current = parent;
  }
}

/**
 * Swaps the parent for a probe that throws, and constructs with a mark: neither the parent nor a field initialiser runs,
 * and the probe sees whether the mark came through. Matching the source missed implicit constructors and mixins.
 */
function passesArgumentsOn(Class: AnyClass, parent: AnyClass): boolean {
  const mark = Symbol("argument");
  let passed = false;
  const probe = function (...args: unknown[]): never {
    passed = args.includes(mark);
    throw mark;
  };
  if (!Reflect.setPrototypeOf(Class, probe)) return false;
  try {
    Reflect.construct(Class, [mark]);
  } catch {
    // The probe threw, or the constructor did before it called its parent.
  } finally {
    Reflect.setPrototypeOf(Class, parent);
  }
  return passed;
}

function isClass(value: unknown): value is AnyClass {
  return typeof value === "function" && value !== Function.prototype;
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
