import { describeValue } from "../base/path.ts";
import { shorten } from "../base/text.ts";
import { isAsyncAnswer } from "../base/thenable.ts";

/**
 * A validator of any library that follows Standard Schema 1 (valibot, zod, arktype and others), with what it takes and
 * what it gives. Only synchronous validation is used.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The standard's own property. */
  readonly "~standard": {
    /** The version of the standard. */
    readonly version: 1;
    /** The library's name. */
    readonly vendor: string;
    /** Checks a value: its output, or the issues found. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** The inferred types; never there at run time. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a Standard Schema answers. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that a schema found. */
export interface SchemaIssue {
  /** The library's own text. */
  readonly message: string;
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * Thrown when data does not fit a schema: the issues with their paths, in one message.
 *
 * @example
 * ```ts
 * import { type Context, Flow, Routine } from "@routilux/routilux";
 * import * as v from "valibot";
 *
 * class Orders extends Routine {
 *   readonly trigger = this.addSlot("trigger", this.take, { schema: v.object({ amount: v.number() }) });
 *   take({ amount }: { amount: number }, ctx: Context): void {
 *     ctx.output("amount", amount);
 *   }
 * }
 * const flow = new Flow();
 * const job = await flow.run(flow.addRoutine(new Orders()).trigger, { amount: "five" } as never);
 * job.error?.name; // "SchemaError"
 * ```
 */
export class SchemaError extends TypeError {
  /** The name of the class, safe under minifiers. */
  override readonly name = "SchemaError";
  /** What the schema found. */
  readonly issues: readonly SchemaIssue[];

  /** Makes the error for a subject such as `Data for slot "in"`. */
  constructor(subject: string, issues: readonly SchemaIssue[]) {
    super(shorten(`${subject} does not fit its schema: ${issues.map(describeIssue).join("; ") || "it says not why"}`));
    this.issues = issues;
  }
}

/**
 * Validates with a schema.
 *
 * @throws {SchemaError} when the value does not fit, or the schema answers with a promise
 * @throws {TypeError} when the schema answers with neither a value nor issues
 */
export function validate<Output>(schema: StandardSchema<unknown, Output>, value: unknown, subject: string): Output {
  const result = schema["~standard"].validate(value);
  if (isAsyncAnswer(result)) {
    throw new SchemaError(subject, [{ message: "the schema is asynchronous; only synchronous schemas can be used" }]);
  }
  checkResult(result, subject);
  if (result.issues !== undefined) throw new SchemaError(subject, result.issues);
  return result.value;
}

/**
 * Checks what a schema has answered: without it, a schema that returns the value itself would put nothing in its place.
 *
 * @throws {TypeError} for what is neither a value nor issues
 */
export function checkResult(result: unknown, subject: string): void {
  const answer: { readonly issues?: unknown } = Object(result);
  if (answer.issues === undefined ? "value" in answer : Array.isArray(answer.issues)) return;
  const remedy = "it must return { value } or { issues: [{ message }] }";
  throw new TypeError(`${subject} cannot be checked: its schema has returned ${describeValue(result)}; ${remedy}`);
}

/** Says whether a value looks like a Standard Schema. */
export function isStandardSchema(value: unknown): value is StandardSchema<unknown, unknown> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: unknown = "~standard" in value ? value["~standard"] : undefined;
  return typeof standard === "object" && standard !== null && "validate" in standard &&
    typeof standard.validate === "function";
}

/**
 * Checks an option that is a schema.
 *
 * @throws {TypeError} naming the action and the option
 */
export function checkSchema<S extends object>(action: string, option: string, schema: S | undefined): S | undefined {
  if (schema === undefined || isStandardSchema(schema)) return schema;
  const got = describeValue(schema);
  throw new TypeError(
    `${action}: ${option} must follow Standard Schema (valibot, zod, arktype and others do), got ${got}`,
  );
}

/** Where in the value an issue is: the keys, joined by dots; empty for the whole. */
export function issuePath({ path = [] }: SchemaIssue): string {
  return path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
}

function describeIssue(issue: SchemaIssue): string {
  const path = issuePath(issue);
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}
