import {
  checkResult,
  isStandardSchema,
  issuePath,
  type SchemaIssue,
  type StandardSchema,
} from "../values/standard_schema.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";

/** The settings of a `DataValidator`. */
export interface DataValidatorConfig {
  /** Whether only the first error is sent. @default {false} */
  strict?: boolean;
}

/** One error in data. */
export interface ValidationError {
  /** The place of the error, keys joined by dots; empty for the whole data. */
  readonly path: string;
  /** The message of the schema. */
  readonly message: string;
}

/** Data that does not fit the schema, with the errors. */
export interface InvalidData {
  /** The data, unchanged. */
  readonly data: unknown;
  /** All errors, or only the first one in strict mode. */
  readonly errors: readonly ValidationError[];
}

/**
 * Checks data by a schema: one event sends fitting data on, another sends the rest with the errors. The schema may be of any
 * library that follows Standard Schema; it travels as the name of a registered function that returns the schema.
 *
 * @example
 * ```ts
 * import * as v from "valibot";
 * import { Flow, Registry } from "@routilux/routilux";
 * import { DataValidator } from "@routilux/routilux/routines";
 *
 * const orderSchema = () => v.object({ id: v.string(), amount: v.number() });
 * const flow = new Flow({ registry: new Registry({ DataValidator, orderSchema }) });
 * flow.addRoutine(new DataValidator<{ id: string; amount: number }>().use(orderSchema), "check");
 * ```
 */
export class DataValidator<T = unknown> extends Routine<DataValidatorConfig> {
  /** Takes the data. */
  readonly input: Slot<unknown> = this.addSlot<unknown>("input", this.check);
  /** Sends the schema's output for fitting data. */
  readonly valid: Event<T> = this.addEvent<T>("valid");
  /** Sends the data that does not fit. */
  readonly invalid: Event<InvalidData> = this.addEvent<InvalidData>("invalid", { params: ["data", "errors"] });

  /** Sets the function that returns the schema. */
  use(schema: () => StandardSchema<unknown, T>): this {
    return this.setFunction("schema", schema);
  }

  /**
   * The handler of `input`.
   *
   * @throws {TypeError} before `use`, and when the schema answers with neither a value nor issues
   */
  async check(data: unknown, ctx: Context): Promise<void> {
    const schema: unknown = this.getFunction("schema")?.();
    if (!isStandardSchema(schema)) {
      throw new TypeError("Cannot validate: the DataValidator has no schema; call use(() => schema)");
    }
    const result = await schema["~standard"].validate(data);
    checkResult(result, `Data for routine "${ctx.routineId}"`);
    if (result.issues === undefined) return ctx.emit<unknown>(this.valid.name, result.value);
    const errors = result.issues.map(describeIssue);
    ctx.emit(this.invalid, { data, errors: this.getConfig("strict", false) ? errors.slice(0, 1) : errors });
  }
}

function describeIssue(issue: SchemaIssue): ValidationError {
  return { path: issuePath(issue), message: issue.message };
}
