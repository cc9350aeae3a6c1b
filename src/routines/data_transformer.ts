import { describeError } from "../values/error_data.ts";
import { isRecord } from "../values/json.ts";
import { listNames, quote } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";
import { synchronous } from "./checks.ts";
import { textOf } from "./text_of.ts";

/** The settings of a `DataTransformer`. */
export interface DataTransformerConfig {
  /** The names of the steps, in order. */
  steps?: readonly string[];
}

/** Transformed data, with the errors of steps. */
export interface TransformedData {
  /** The result of the steps. */
  readonly data: unknown;
  /** The steps that failed, each with the reason; the data passed them unchanged. */
  readonly errors: readonly { readonly step: string; readonly message: string }[];
}

/** Makes a new value from a value; it must not be asynchronous. */
export type TransformStep = (data: never) => unknown;

const STEPS: ReadonlyMap<string, (data: unknown) => unknown> = new Map<string, (data: unknown) => unknown>([
  ["lowercase", (data) => text(data).toLowerCase()],
  ["uppercase", (data) => text(data).toUpperCase()],
  ["strip_whitespace", (data) => text(data).trim()],
  ["to_string", toText],
  ["to_int", (data) => Math.trunc(number(data))],
  ["to_float", number],
]);

/**
 * Sends data through named steps, one after the other. A failed step leaves the data unchanged and is listed in `errors`.
 * Further steps travel as the names of registered functions.
 *
 * @example
 * ```ts
 * import { DataTransformer } from "@routilux/routilux/routines";
 *
 * new DataTransformer().setSteps("lowercase", "strip_whitespace");
 * ```
 */
export class DataTransformer extends Routine<DataTransformerConfig> {
  /** Takes the data. */
  readonly input: Slot<{ readonly data: unknown }> = this.addSlot<{ readonly data: unknown }>("input", this.transform);
  /** Sends the transformed data. */
  readonly output: Event<TransformedData> = this.addEvent<TransformedData>("output", { params: ["data", "errors"] });

  /** Adds a step under a name of its own. */
  addStep(name: string, step: TransformStep): this {
    return this.setFunction(name, step);
  }

  /**
   * Sets the steps, in order.
   *
   * @throws {TypeError} for a step that is not known
   */
  setSteps(...steps: readonly string[]): this {
    for (const step of steps) this.#find(step);
    return this.setConfig({ steps });
  }

  /**
   * The handler of `input`.
   *
   * @throws {TypeError} for data without the key `data`
   */
  transform(input: { readonly data: unknown }, ctx: Context): void {
    if (!isRecord(input)) {
      throw new TypeError(`Cannot transform: expected an object with the key data, got ${describeValue(input)}`);
    }
    const errors: { step: string; message: string }[] = [];
    let value: unknown = input.data;
    for (const step of this.getConfig("steps", [])) {
      try {
        value = synchronous(Reflect.apply(this.#find(step), this, [value]), "the step");
      } catch (error) {
        errors.push({ step, message: describeError(error).message });
      }
    }
    ctx.emit(this.output, { data: value, errors });
  }

  #find(name: string): TransformStep {
    const step = this.getFunction(name) ?? STEPS.get(name);
    if (step === undefined) {
      throw new TypeError(`Cannot find step ${quote(name)}; add it by addStep, or use one of ${listNames(STEPS)}`);
    }
    return step;
  }
}

function toText(data: unknown): string {
  const own = textOf(data);
  if (own !== undefined) return own;
  throw new TypeError(`${describeValue(data)} has no text`);
}

function text(data: unknown): string {
  if (typeof data === "string") return data;
  throw new TypeError(`expected a text, got ${describeValue(data)}`);
}

function number(data: unknown): number {
  const value = typeof data === "string" && data.trim() !== "" ? Number(data) : data;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new TypeError(`expected a number, got ${describeValue(data)}`);
}
