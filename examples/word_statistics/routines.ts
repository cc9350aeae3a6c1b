import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { env } from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Collected, type Context, Registry, Routine } from "@routilux/routilux";
import { statistics } from "./statistics.ts";
import { countSyllables } from "./syllable_service.ts";
import { add, type Counts, sentences, tally, words } from "./text.ts";

// Settings of this process, which are not part of a job: the reader sleeps after each line, so that there is time to
// press Ctrl-C, and can be made to wait for Ctrl-C at a line.
const paceMs = Number(env["PACE_MS"] ?? 15);
const holdAt = Number(env["HOLD_AT"] ?? 0);
const FOR_EVER_MS = 2 ** 31 - 1; // a timer keeps the process alive, as a signal handler does not

/** Counts of one kind, from one line or paragraph. */
export interface Part {
  readonly table: string;
  readonly counts: Counts;
}

/** The reader's progress, from which it can continue. */
interface Position {
  readonly lines: number;
  readonly bytes: number;
  readonly paragraphs: number;
  /** The lines of the current paragraph so far. */
  readonly paragraph: string;
}

const START: Position = { lines: 0, bytes: 0, paragraphs: 0, paragraph: "" };

/** Reads a text line by line; each `yield` stores the progress. */
export class LineReader extends Routine {
  readonly trigger = this.addSlot("trigger", this.read);
  readonly line = this.addEvent<{ text: string }>("line");
  readonly paragraph = this.addEvent<{ text: string }>("paragraph");
  readonly end = this.addEvent<{ part: Part }>("end");

  async *read({ file }: { file: string }, ctx: Context<Position>): AsyncGenerator<Position, void, void> {
    let position = ctx.progress ?? START;
    const { size } = await stat(file);
    const input = createReadStream(file);
    try {
      let skip = position.lines;
      for await (const text of createInterface({ input, crlfDelay: Infinity })) {
        if (skip-- > 0) continue;
        position = this.#take(text, position, ctx);
        ctx.report(`line ${position.lines}, ${Math.floor(100 * position.bytes / size)} %`);
        const restMs = position.lines === holdAt ? FOR_EVER_MS : paceMs;
        if (restMs > 0) await sleep(restMs, undefined, { signal: ctx.signal });
        yield position;
      }
    } finally {
      input.destroy();
    }
    const { lines, paragraphs } = this.#closeParagraph(position, ctx);
    ctx.emit(this.end, { part: { table: "text", counts: new Map(Object.entries({ lines, paragraphs })) } });
  }

  #take(text: string, position: Position, ctx: Context<Position>): Position {
    ctx.emit(this.line, { text });
    const { paragraphs, paragraph } = text.trim() === "" ? this.#closeParagraph(position, ctx) : {
      ...position,
      paragraph: `${position.paragraph}${text}\n`,
    };
    const bytes = position.bytes + new TextEncoder().encode(text).length + 1;
    return { lines: position.lines + 1, bytes, paragraphs, paragraph };
  }

  #closeParagraph(position: Position, ctx: Context<Position>): Position {
    if (position.paragraph === "") return position;
    ctx.emit(this.paragraph, { text: position.paragraph });
    return { ...position, paragraphs: position.paragraphs + 1, paragraph: "" };
  }
}

/** Counts the words of a line. */
export class WordCounter extends Routine {
  readonly input = this.addSlot("input", this.count);
  readonly output = this.addEvent<{ part: Part }>("output");

  count({ text }: { text: string }, ctx: Context): void {
    ctx.emit(this.output, { part: { table: "words", counts: tally(words(text)) } });
  }
}

/** Counts the letters of a line. */
export class LetterCounter extends Routine {
  readonly input = this.addSlot("input", this.count);
  readonly output = this.addEvent<{ part: Part }>("output");

  count({ text }: { text: string }, ctx: Context): void {
    const letters = text.toLowerCase().match(/\p{L}/gu) ?? [];
    ctx.emit(this.output, { part: { table: "letters", counts: tally(letters) } });
  }
}

/** Counts the sentences of a paragraph by length. */
export class SentenceMeter extends Routine {
  readonly input = this.addSlot("input", this.measure);
  readonly output = this.addEvent<{ part: Part }>("output");

  measure({ text }: { text: string }, ctx: Context): void {
    const lengths = sentences(text).map((sentence) => String(sentence.length));
    ctx.emit(this.output, { part: { table: "sentences", counts: tally(lengths) } });
  }
}

/**
 * Gets the number of syllables of a paragraph from a service. When the service is busy, the error handler retries the
 * task.
 */
export class SyllableCounter extends Routine {
  readonly input = this.addSlot("input", this.count);
  readonly output = this.addEvent<{ part: Part }>("output");

  async count({ text }: { text: string }, ctx: Context): Promise<void> {
    const total = await countSyllables(text, ctx.attempt);
    ctx.emit(this.output, { part: { table: "syllables", counts: new Map([["total", total]]) } });
  }
}

/** Collects all parts, in any order, and outputs the statistics when the last part has arrived. */
export class Totals extends Routine<{ batch: number; partsOfLine: number; partsOfParagraph: number }> {
  readonly part = this.addSlot("part", this.collect, { merge: "append" });

  collect({ part: parts }: { readonly part: Collected<Part> }, ctx: Context): void {
    const newest = parts.at(-1);
    if (newest?.table === "text") ctx.state.set("expected", this.#expected(newest.counts));
    const received = (ctx.state.get<number>("received") ?? 0) + parts.length;
    const isComplete = received === ctx.state.get("expected");
    if (parts.length < this.getConfig("batch", 100) && !isComplete) return;

    const tables = new Map(ctx.state.get<ReadonlyMap<string, Counts>>("tables"));
    for (const { table, counts } of parts) tables.set(table, add(tables.get(table) ?? new Map(), counts));
    ctx.state.set("tables", tables);
    ctx.state.set("received", received);
    ctx.clear("part");
    if (isComplete) { for (const line of statistics(tables)) ctx.output("line", line); }
  }

  /** The total number of parts, including the one that contains this number. */
  #expected(text: Counts): number {
    const fromLines = (text.get("lines") ?? 0) * this.getConfig("partsOfLine", 1);
    const fromParagraphs = (text.get("paragraphs") ?? 0) * this.getConfig("partsOfParagraph", 1);
    return fromLines + fromParagraphs + 1;
  }
}

/** The names of the classes in documents. */
export const registry = new Registry({
  LetterCounter,
  LineReader,
  SentenceMeter,
  SyllableCounter,
  Totals,
  WordCounter,
});
