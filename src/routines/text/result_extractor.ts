import { isRecord } from "../../values/json.ts";
import { listNames, quote } from "../../base/options.ts";
import type { Context } from "../../model/context.ts";
import type { Event } from "../../model/event.ts";
import { Routine } from "../../model/routine.ts";
import type { Slot } from "../../model/slot.ts";
import { dataOf, synchronous } from "../checks.ts";
import { type Extraction, type Extractor, EXTRACTORS } from "./extractors.ts";

/** The settings of a `ResultExtractor`. */
export interface ResultExtractorConfig {
  /** The names of the extractors that are tried, in order. @default {those that were added, then the built-in ones} */
  extractors?: readonly string[];
}

/** A result, with the extractors that were tried. */
export interface ExtractedResult extends Extraction {
  /** The names of the tried extractors; the last one found the result, unless the confidence is 0. */
  readonly path: readonly string[];
}

/**
 * Finds the result in the answer of a language model or an interpreter: JSON or code in a fenced block, bare JSON, outputs.
 * An answer in which no extractor finds a result is sent on unchanged, with a confidence of 0. Further extractors travel as
 * the names of registered functions.
 *
 * @example
 * ```ts
 * import { ResultExtractor } from "@routilux/routilux/routines/text";
 * import { runRoutine } from "@routilux/routilux/testing";
 *
 * const extractor = new ResultExtractor();
 * const { emitted } = await runRoutine(extractor, extractor.input, { data: '{"ok": true}' });
 * emitted[0]?.data; // { data: { ok: true }, format: "json", confidence: 0.95, path: ["json_code_block", "json_text"] }
 * ```
 */
export class ResultExtractor extends Routine<ResultExtractorConfig> {
  /** Takes the answers. */
  readonly input: Slot<{ readonly data: unknown }> = this.addSlot<{ readonly data: unknown }>("input", this.extract);
  /** Sends the results. */
  readonly output: Event<ExtractedResult> = this.addEvent<ExtractedResult>("output", {
    params: ["data", "format", "confidence", "path"],
  });

  /**
   * Adds an extractor. It is tried before the others, unless `setExtractors` sets another order.
   *
   * @param name its name in `path` and in `setExtractors`
   * @param extractor a method of the routine or a registered function
   */
  addExtractor(name: string, extractor: Extractor): this {
    const names = this.getConfig("extractors", Array.from(EXTRACTORS.keys()));
    this.setFunction(name, extractor);
    return this.setConfig({ extractors: [name, ...names.filter((it) => it !== name)] });
  }

  /**
   * Sets which extractors are tried, in order.
   *
   * @throws {TypeError} for an unknown name
   */
  setExtractors(...extractors: readonly string[]): this {
    for (const name of extractors) this.#find(name);
    return this.setConfig({ extractors });
  }

  /** The handler of `input`. */
  extract(input: { readonly data: unknown }, ctx: Context): void {
    const data = dataOf(input, "Cannot extract");
    const path: string[] = [];
    for (const name of this.getConfig("extractors", Array.from(EXTRACTORS.keys()))) {
      path.push(name);
      const found = checkAnswer(name, Reflect.apply(this.#find(name), this, [data]));
      if (found !== undefined) return ctx.emit(this.output, { ...found, path });
    }
    ctx.emit(this.output, { data, format: typeof data === "string" ? "text" : "value", confidence: 0, path });
  }

  #find(name: string): (...args: never[]) => unknown {
    const extractor = this.getFunction(name) ?? EXTRACTORS.get(name);
    if (extractor !== undefined) return extractor;
    const known = listNames(EXTRACTORS);
    throw new TypeError(`Cannot find extractor ${quote(name)}; add it by addExtractor, or use one of ${known}`);
  }
}

function checkAnswer(name: string, answer: unknown): Extraction | undefined {
  if (answer === undefined) return undefined;
  const found = synchronous(answer, `Cannot extract: extractor "${name}"`);
  if (isRecord(found)) {
    const { data, format, confidence, metadata } = found;
    const given = metadata === undefined ? {} : { metadata };
    if (typeof format === "string" && typeof confidence === "number") return { data, format, confidence, ...given };
  }
  throw new TypeError(
    `Cannot extract: extractor "${name}" must answer with data, format and confidence, or undefined`,
  );
}
