import {
  type Collected,
  type Context,
  type Event,
  Registry,
  Routine,
  type Slot,
  type StandardSchema,
} from "../../mod.ts";

/** What the routine `all` is asked for. */
interface Words {
  readonly n: number;
  readonly text?: string;
}

/** A handler that is registered as a function. */
function note(this: Routine<object>, data: unknown, ctx: Context): void {
  ctx.log({ noted: data });
}

/** A merge that is registered as a function. */
function joinTexts(old: { readonly text: string } | undefined, { text = "" }: Words): { readonly text: string } {
  return { text: `${old?.text ?? ""}${text}` };
}

/** A function that a routine is given. */
function shout(text: string): string {
  return text.toUpperCase();
}

/** A routine in whose document everything is that one can have. */
class All extends Routine<{ greeting: string; since: Date }> {
  static override readonly version = 2;
  label: string = "";
  seen: ReadonlySet<number> = new Set();
  readonly trigger: Slot<Words> = this.addSlot("trigger", this.begin, { timeoutMs: 5_000 });
  readonly lists: Slot<Words> = this.addSlot("lists", this.gather, { merge: "append" });
  readonly sum: Slot<Words> = this.addSlot("sum", this.total, { merge: this.add });
  readonly joined: Slot<Words> = this.addSlot("joined", null, { merge: joinTexts });
  readonly noted: Slot<unknown> = this.addSlot("noted", note);
  readonly walk: Slot<Words> = this.addSlot("walk", this.stroll);
  readonly output: Event<Words> = this.addEvent<Words>("output", { params: ["n", "text"] });
  readonly tick: Event<Words> = this.addTimer("tick", this.onTick);

  constructor() {
    super();
    this.addSerializableFields("label", "seen");
  }

  begin({ n, text }: Words, ctx: Context): void {
    const { greeting = "", since } = this.getConfig();
    ctx.emit(this.output, { n, text: `${greeting} ${text ?? this.label}` }, { priority: "high" });
    ctx.emit(this.tick, { n }, { delayMs: 250 });
    ctx.state.set("since", since);
    ctx.output("shape", this.getFunction("shape") === shout);
  }

  gather({ n }: { readonly n: Collected<number> }, ctx: Context): void {
    if (ctx.attempt < 2) throw new RangeError(`attempt ${ctx.attempt}`);
    ctx.shared.set("gathered", n);
  }

  add(old: { readonly total: number } | undefined, { n }: Words): { readonly total: number } {
    return { total: (old?.total ?? 0) + n };
  }

  total({ total }: { readonly total: number }, ctx: Context): void {
    ctx.shared.set("total", total);
  }

  *stroll({ n }: Words, ctx: Context<{ at: number }>): Generator<{ at: number }, void, void> {
    for (let at = ctx.progress?.at ?? 0; at < n; at++) yield { at: at + 1 };
    ctx.output("walked", { n, steps: ctx.idempotencyKey });
  }

  onTick({ n }: Words, ctx: Context): void {
    ctx.output("tick", { n, seen: this.seen.has(n) });
  }

  isWorthRetrying(_error: unknown, attempt: number): boolean {
    return attempt < 100;
  }

  whisper(text: string): string {
    return text.toLowerCase();
  }
}

/** A routine with no more than one needs. */
class Plain extends Routine {
  readonly input: Slot<{ readonly n: number; readonly word: string }> = this.addSlot("input", this.pass);
  readonly output: Event<Words> = this.addEvent<Words>("output");
  readonly late: Event<unknown> = this.addEvent("late");
  pass({ n, word }: { readonly n: number; readonly word: string }, ctx: Context): void {
    ctx.shared.set("word", word ?? null);
    ctx.emit(this.output, { n });
  }
}

/** A value of a class of the user's. */
class Money {
  amount = 0n;

  static fromJSON(json: unknown): Money {
    return Object.assign(new Money(), { amount: json });
  }

  toJSON(): bigint {
    return this.amount;
  }
}

/** A schema that lets anything pass. */
const AnyResult: StandardSchema = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};

/** What a host must know to read the documents that were written by hand. */
export function completeRegistry(): Registry {
  return new Registry({ All, Plain, Money, note, joinTexts, shout, AnyResult });
}
