import { checkInteger } from "../../base/options.ts";
import { describeValue } from "../../base/path.ts";
import type { Context } from "../../model/context.ts";
import type { Event } from "../../model/event.ts";
import { Routine } from "../../model/routine.ts";
import type { Slot } from "../../model/slot.ts";
import { dataOf } from "../checks.ts";
import { entriesOf } from "./entries_of.ts";

/** The settings of a `DataFlattener`. */
export interface DataFlattenerConfig {
  /** The text between the parts of a key. @default {"."} */
  separator?: string;
  /**
   * The most characters that all keys may have together: each key has the names of everything above its value, so a long
   * name above many values would make the output far longer than the input. @default {1000000}
   */
  maxKeyCharacters?: number;
}

/** How many characters of a key are shown in a message. */
const SHOWN = 100;

/** Flattened data. */
export interface FlatData {
  /** The values by their paths, such as `a.b` or `items.0`. */
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Turns nested data into one flat object whose keys are the paths to the values. Empty objects and lists stay as they are;
 * data that is neither an object nor a list gets the key `value`.
 *
 * @example
 * ```ts
 * import { DataFlattener } from "@routilux/routilux/routines/text";
 * import { runRoutine } from "@routilux/routilux/testing";
 *
 * const flattener = new DataFlattener();
 * const { emitted } = await runRoutine(flattener, flattener.input, { data: { a: { b: 1 }, items: ["x"] } });
 * emitted[0]?.data; // { data: { "a.b": 1, "items.0": "x" } }
 * ```
 */
export class DataFlattener extends Routine<DataFlattenerConfig> {
  /** Takes the data. */
  readonly input: Slot<{ readonly data: unknown }> = this.addSlot<{ readonly data: unknown }>("input", this.flatten);
  /** Sends the flattened data. */
  readonly output: Event<FlatData> = this.addEvent<FlatData>("output", { params: ["data"] });

  /**
   * Sets the text between the parts of a key.
   *
   * @throws {TypeError} for an empty text
   */
  setSeparator(separator: string): this {
    if (typeof separator === "string" && separator !== "") return this.setConfig({ separator });
    throw new TypeError(
      `Cannot set the separator: separator must be a non-empty string, got ${describeValue(separator)}`,
    );
  }

  /**
   * Sets the most characters that all keys may have together.
   *
   * @throws {RangeError} for a number below 1
   */
  setMaxKeyCharacters(maxKeyCharacters: number): this {
    checkInteger("Cannot set the most characters of keys", "maxKeyCharacters", maxKeyCharacters);
    return this.setConfig({ maxKeyCharacters });
  }

  /**
   * The handler of `input`.
   *
   * @throws {TypeError} when two values would have one key
   * @throws {RangeError} when the keys would have more characters together than `maxKeyCharacters`
   */
  flatten(input: { readonly data: unknown }, ctx: Context): void {
    const data = dataOf(input, "Cannot flatten");
    const entries = entriesOf(data);
    const isBare = entries === undefined || (entries.length === 0 && Array.isArray(data));
    const most = this.getConfig("maxKeyCharacters", 1_000_000);
    const flat = new Map<string, unknown>();
    let characters = 0;
    for (
      const [key, value] of isBare ? [["value", data] as const] : leavesOf(entries, this.getConfig("separator", "."))
    ) {
      if (flat.has(key)) {
        throw new TypeError(`Cannot flatten: two values would have the key "${key}"; choose another separator`);
      }
      characters += key.length;
      if (characters > most) {
        throw new RangeError(
          `Cannot flatten: with ${shortened(key)}, number ${
            flat.size + 1
          }, all keys would have ${characters} characters, ` +
            `more than maxKeyCharacters, current value is ${most}`,
        );
      }
      flat.set(key, value);
    }
    ctx.emit(this.output, { data: Object.fromEntries(flat) });
  }
}

type Entry = readonly [key: string, value: unknown];

/** The values with their paths, in order. Ones that are not asked for are not made: the caller ends at its limit. */
function* leavesOf(entries: readonly Entry[], separator: string): Generator<Entry, void, undefined> {
  const open = [{ prefix: "", entries: entries[Symbol.iterator]() }];
  for (let inner = open.at(-1); inner !== undefined; inner = open.at(-1)) {
    const next = inner.entries.next();
    if (next.done) {
      open.pop();
      continue;
    }
    const [key, value] = next.value;
    const path = `${inner.prefix}${key}`;
    const below = entriesOf(value) ?? [];
    if (below.length === 0) yield [path, value];
    else open.push({ prefix: `${path}${separator}`, entries: below[Symbol.iterator]() });
  }
}

/** A key as messages show it. */
function shortened(key: string): string {
  return key.length <= SHOWN ? `"${key}"` : `"${key.slice(0, SHOWN)}…"`;
}
