import { checkWord } from "../../base/options.ts";
import { describeValue } from "../../base/path.ts";
import type { Context } from "../../model/context.ts";
import type { Event } from "../../model/event.ts";
import { Routine } from "../../model/routine.ts";
import type { Slot } from "../../model/slot.ts";
import { dataOf } from "../checks.ts";
import { entriesOf } from "./entries_of.ts";
import { textOf } from "../text_of.ts";

/** The settings of a `TextRenderer`. */
export interface TextRendererConfig {
  /** How keys and values are written. @default {"xml"} */
  format?: "xml" | "markdown";
}

const FORMATS = ["xml", "markdown"] as const;
const NAME = /^[\p{L}_][\p{L}\p{N}_.-]*$/u;

/**
 * Writes data as a text for people and language models: as XML elements, or as a Markdown list. A text is not changed.
 *
 * @example
 * ```ts
 * import { TextRenderer } from "@routilux/routilux/routines/text";
 * import { runRoutine } from "@routilux/routilux/testing";
 *
 * const renderer = new TextRenderer().setFormat("markdown");
 * const { emitted } = await runRoutine(renderer, renderer.input, { data: { name: "test", tags: ["a"] } });
 * emitted[0]?.data; // { text: "- **name**: test\n- **tags**:\n  - a" }
 * ```
 */
export class TextRenderer extends Routine<TextRendererConfig> {
  /** Takes the data. */
  readonly input: Slot<{ readonly data: unknown }> = this.addSlot<{ readonly data: unknown }>("input", this.render);
  /** Sends the text. */
  readonly output: Event<{ readonly text: string }> = this.addEvent<{ readonly text: string }>("output", {
    params: ["text"],
  });

  /**
   * Sets how keys and values are written.
   *
   * @throws {TypeError} for an unknown format
   */
  setFormat(format: "xml" | "markdown"): this {
    return this.setConfig({ format: checkWord("Cannot set the format", "format", format, FORMATS) });
  }

  /** The handler of `input`. */
  render(input: { readonly data: unknown }, ctx: Context): void {
    const data = dataOf(input, "Cannot render");
    const lines = this.getConfig("format", "xml") === "xml" ? elements(data, "") : items(data, "");
    ctx.emit(this.output, { text: entriesOf(data) === undefined ? plain(data) : lines.join("\n") });
  }
}

function elements(data: unknown, indent: string): string[] {
  return (entriesOf(data) ?? []).flatMap(([key, value]) => {
    const own = Array.isArray(data) ? `item_${key}` : key;
    const [name, start] = NAME.test(own)
      ? [own, own]
      : ["entry", `entry key="${escape(own).replaceAll('"', "&quot;")}"`];
    const inner = elements(value, `${indent}  `);
    const text = entriesOf(value) === undefined ? escape(plain(value)) : "";
    if (inner.length === 0) return [`${indent}<${start}>${text}</${name}>`];
    return [`${indent}<${start}>`, ...inner, `${indent}</${name}>`];
  });
}

function items(data: unknown, indent: string): string[] {
  return (entriesOf(data) ?? []).flatMap(([key, value]) => {
    const label = Array.isArray(data) ? "" : ` **${key}**:`;
    const isLeaf = entriesOf(value) === undefined;
    const text = isLeaf ? ` ${plain(value).replaceAll("\n", `\n${indent}  `)}` : "";
    return [`${indent}-${label}${text}`, ...(isLeaf ? [] : items(value, `${indent}  `))];
  });
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function plain(value: unknown): string {
  const text = textOf(value);
  if (text === undefined) throw new TypeError(`Cannot render: ${describeValue(value)} has no text`);
  return text;
}
