import { env } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Context, Flow, Registry, Routine } from "@routilux/routilux";

// Settings of this process, which are not part of a job: each text takes some time, so that there is something to
// watch, and the counter can be made to wait at a text until it is stopped.
const paceMs = Number(env["PACE_MS"] ?? 1_000);
const holdAt = Number(env["HOLD_AT"] ?? 0);

interface Text {
  readonly number: number;
  readonly of: number;
  readonly text: string;
}

/** Sends each text as a separate task. */
class Splitter extends Routine {
  readonly trigger = this.addSlot("trigger", this.split);
  readonly text = this.addEvent<Text>("text");

  split({ texts }: { texts: readonly string[] }, ctx: Context): void {
    texts.forEach((text, index) => ctx.emit(this.text, { number: index + 1, of: texts.length, text }));
  }
}

/** Counts the words of each text and, at the end, of all texts. */
class Counter extends Routine {
  readonly input = this.addSlot("input", this.count);

  async count({ number, of, text }: Text, ctx: Context): Promise<void> {
    await sleep(number === holdAt ? 2 ** 31 - 1 : paceMs, undefined, { signal: ctx.signal });
    const words = text.match(/\S+/g)?.length ?? 0;
    const total = (ctx.state.get<number>("total") ?? 0) + words;
    ctx.state.set("total", total);
    ctx.output("text", { number, words });
    if (number === of) ctx.output("total", { words: total });
  }
}

/** The names of the classes in documents. */
export const registry = new Registry({ Splitter, Counter });

/** The flow of all jobs. */
export const flow = new Flow({ id: "word_count", registry, executionTimeoutMs: Infinity });

const splitter = flow.addRoutine(new Splitter(), "splitter");
const counter = flow.addRoutine(new Counter(), "counter");
flow.connect(splitter.text, counter.input);

/** The slot where a job begins. */
export const entry = splitter.trigger;
