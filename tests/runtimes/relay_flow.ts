import {
  type Collected,
  type Context,
  type Engine,
  ErrorHandler,
  type Event,
  Flow,
  Registry,
  Routine,
  type Slot,
} from "../../mod.ts";

/** A class of a user's that travels inside data. */
class Point {
  /** How far to the right and down. */
  readonly place: { x: number; y: number } = { x: 0, y: 0 };

  /** Reads what `toJSON` wrote. */
  static fromJSON(json: unknown): Point {
    return Object.assign(new Point(), { place: json });
  }

  /** The point as data. */
  toJSON(): { x: number; y: number } {
    return this.place;
  }
}

/** What the source sends. */
interface Item {
  /** Its number. */
  readonly n: number;
  /** A value that is more than plain JSON. */
  readonly value: unknown;
}

const RETRIES = { retryDelayMs: 1_000, jitter: 0.5, retryableErrors: ["Error"] };

/** One value of each kind that travels. */
const makers: readonly (() => unknown)[] = [
  () => ({ zebra: 1 / 3, apple: [null, true, "ünïcode \u{1f600}\n"], 1: -1e21 }),
  () => new Date(Date.UTC(2024, 1, 29)),
  () => new Map<unknown, unknown>([["key", new Set([1, "two"])], [new Date(0), 2n]]),
  () => 2n ** 70n,
  () => new Uint8Array([0, 127, 255]),
  () => new RangeError("out of range", { cause: new TypeError("why") }),
  () => Object.assign(new Point(), { place: { x: 1, y: -2 } }),
];

/** Sends one value of each kind; it is parked while others have something to do, and then pauses the job now and then. */
class Source extends Routine {
  readonly trigger: Slot<unknown> = this.addSlot("trigger", this.send);
  readonly item: Event<Item> = this.addEvent<Item>("item");
  readonly later: Event<{ text: string }> = this.addEvent<{ text: string }>("later");
  *send(_params: unknown, ctx: Context<{ sent: number }>): Generator<{ sent: number }, void, void> {
    if (ctx.progress === undefined) ctx.defer(this.later, { text: "deferred" });
    for (let n = ctx.progress?.sent ?? 0; n < makers.length; n++) {
      ctx.emit(this.item, { n, value: makers[n]?.() }, { priority: n % 2 === 0 ? "normal" : "low" });
      if (n % 3 === 1) ctx.pause("the source rests", { n });
      yield { sent: n + 1 };
    }
  }
}

/** Collects all items, and emits what it has seen of them. */
class Collector extends Routine {
  readonly input: Slot<Item> = this.addSlot("input", this.collect, { merge: "append" });
  readonly seen: Event<{ kinds: string[] }> = this.addEvent<{ kinds: string[] }>("seen");
  collect({ n, value }: { n: Collected<number>; value: Collected<unknown> }, ctx: Context): void {
    ctx.state.update<number>("sum", (sum = 0) => sum + (n.at(-1) ?? 0));
    if (n.length === makers.length) ctx.emit(this.seen, { kinds: [...value].map(kindOf) }, { delayMs: 90_000 });
  }
}

/** Fails twice at every third item, and for good at one of them. */
class Flaky extends Routine {
  readonly input: Slot<Item> = this.addSlot("input", this.handle);
  async handle({ n, value }: Item, ctx: Context): Promise<void> {
    await ctx.checkpoint({ kind: kindOf(value) });
    ctx.log({ n, attempt: ctx.attempt, key: ctx.idempotencyKey });
    if (n === 4) throw new SyntaxError("never", { cause: new Error("an error of its own") });
    if (n % 3 === 0 && ctx.attempt < 2) throw new Error(`busy with ${n}`);
    ctx.output("handled", { n, value });
  }
}

/** Joins texts by a merge function; asks for an answer once it has the kinds. */
class Asker extends Routine {
  readonly text: Slot<{ text: string }> = this.addSlot("text", null, { merge: this.join });
  readonly kinds: Slot<{ kinds: string[] }> = this.addSlot("kinds", this.ask);
  readonly answer: Slot<{ isRight: boolean }> = this.addSlot("answer", this.end);
  join(old: { text: string } | undefined, next: { text: string }): { text: string } {
    return { text: `${old?.text ?? ""}/${next.text}` };
  }
  ask({ kinds }: { kinds: string[] }, ctx: Context): void {
    ctx.shared.set("kinds", kinds);
    ctx.expect(this.answer, { timeoutMs: 7 * 24 * 3_600_000 });
  }
  end({ isRight }: { isRight: boolean }, ctx: Context): void {
    ctx.shared.set("end", { isRight, text: ctx.slotData("text"), at: new Date(ctx.now()) });
  }
}

/** What a host must know to take part. */
export function createRegistry(): Registry {
  return new Registry({ Source, Collector, Flaky, Asker, Point });
}

/** Builds the flow, as the first host does. */
export function buildFlow(engine: Engine): Flow {
  const settings = { executionTimeoutMs: 300_000, limits: { highWater: 1 } };
  const flow = new Flow({ id: "relay", registry: createRegistry(), engine, ...settings });
  const source = flow.addRoutine(new Source(), "source");
  const collector = flow.addRoutine(new Collector(), "collector");
  const flaky = flow.addRoutine(new Flaky(), "flaky");
  const asker = flow.addRoutine(new Asker(), "asker");
  flaky.setErrorHandler(new ErrorHandler({ ...RETRIES, strategy: "retry", isCritical: false }));
  flow.connect(source.item, collector.input);
  flow.connect(source.item, flaky.input);
  flow.connect(source.later, asker.text);
  flow.connect(collector.seen, asker.kinds);
  return flow;
}

function kindOf(value: unknown): string {
  return typeof value === "object" && value !== null ? value.constructor.name : typeof value;
}
