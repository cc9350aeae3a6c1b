import { checkInteger } from "../../base/options.ts";
import type { Context } from "../../model/context.ts";
import type { Event } from "../../model/event.ts";
import { Routine } from "../../model/routine.ts";
import type { Slot } from "../../model/slot.ts";

/** The settings of a `TextClipper`. */
export interface TextClipperConfig {
  /** How many characters are kept at most. @default {1000} */
  maxLength?: number;
  /** Whether a text with a stack trace is kept whole, because its end matters most. @default {true} */
  keepTraces?: boolean;
}

/** A text, clipped or not. */
export interface ClippedText {
  /** The text, with a note where it was clipped. */
  readonly text: string;
  /** Whether the text was clipped. */
  readonly isClipped: boolean;
  /** How many characters the text had before. */
  readonly originalLength: number;
}

/**
 * The beginning of a stack trace of JavaScript or Python. The indentation does not reach over the end of a line: the search
 * would look at all empty lines that follow for each of them.
 */
const TRACE = /^[ \t]+at .+[:(]\d+|\bTraceback\b/m;

/**
 * Clips long texts, at the end of a line if possible. Other data is written as JSON first.
 *
 * @example
 * ```ts
 * import { runRoutine } from "@routilux/routilux/testing";
 * import { TextClipper } from "@routilux/routilux/routines/text";
 *
 * const clipper = new TextClipper().setMaxLength(20);
 * const { emitted } = await runRoutine(clipper, clipper.input, { text: "short" });
 * emitted[0]?.event; // "output"
 * ```
 */
export class TextClipper extends Routine<TextClipperConfig> {
  /** Takes the texts. */
  readonly input: Slot<{ readonly text: unknown }> = this.addSlot<{ readonly text: unknown }>("input", this.clip);
  /** Sends the clipped texts. */
  readonly output: Event<ClippedText> = this.addEvent<ClippedText>("output", {
    params: ["text", "isClipped", "originalLength"],
  });

  /**
   * Sets how many characters are kept.
   *
   * @throws {RangeError} for a length below 1
   */
  setMaxLength(maxLength: number): this {
    return this.setConfig({ maxLength: checkInteger("Cannot set the length", "maxLength", maxLength) });
  }

  /** The handler of `input`. */
  clip({ text: given }: { readonly text: unknown }, ctx: Context): void {
    const text = typeof given === "string" ? given : JSON.stringify(given) ?? "";
    const maxLength = this.getConfig("maxLength", 1_000);
    const isKept = text.length <= maxLength || (this.getConfig("keepTraces", true) && TRACE.test(text));
    ctx.emit(this.output, {
      text: isKept ? text : clipText(text, maxLength),
      isClipped: !isKept,
      originalLength: text.length,
    });
  }
}

function clipText(text: string, maxLength: number): string {
  const start = text.slice(0, maxLength);
  const lineEnd = start.lastIndexOf("\n");
  const kept = lineEnd > 0 ? start.slice(0, lineEnd) : start;
  return `${kept}\n… (truncated: ${kept.length} of ${text.length} characters)`;
}
