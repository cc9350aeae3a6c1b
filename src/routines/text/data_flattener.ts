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
}

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

  /** The handler of `input`. */
  flatten(input: { readonly data: unknown }, ctx: Context): void {
    const data = dataOf(input, "Cannot flatten");
    const entries = entriesOf(data);
    const isBare = entries === undefined || (entries.length === 0 && Array.isArray(data));
    const flat = isBare ? [["value", data] as const] : collect(entries, this.getConfig("separator", "."), "");
    const keys = new Set<string>();
    for (const [key] of flat) {
      if (keys.has(key)) {
        throw new TypeError(`Cannot flatten: two values would have the key "${key}"; choose another separator`);
      }
      keys.add(key);
    }
    ctx.emit(this.output, { data: Object.fromEntries(flat) });
  }
}

function collect(entries: Entries, separator: string, prefix: string): Entries {
  return entries.flatMap(([key, value]): Entries => {
    const path = `${prefix}${key}`;
    const inner = entriesOf(value) ?? [];
    return inner.length === 0 ? [[path, value]] : collect(inner, separator, `${path}${separator}`);
  });
}

type Entries = readonly (readonly [key: string, value: unknown])[];
