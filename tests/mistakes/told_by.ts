import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, type Event, Flow, JobState, Routine, type Slot } from "../../mod.ts";

/** A mistake of a newcomer, and what its maker is told: by an error that is thrown, or by the error of a job. */
export type Mistake = readonly [make: () => unknown, told: string];

/** Declares a test for each mistake; the name begins with its number in the table of this folder. */
export function testMistakes(mistakes: Readonly<Record<string, Mistake>>): void {
  for (const [name, [make, told]] of Object.entries(mistakes)) {
    test(name, async () => assertEquals(await toldBy(make), told));
  }
}

async function toldBy(make: () => unknown): Promise<unknown> {
  try {
    const result = await make();
    return result instanceof JobState ? result.error?.message : result;
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

/** What plain JavaScript passes, and the types refuse. */
export function untyped(value: unknown): never {
  return value as never;
}

/** Emits numbers. */
export class Source extends Routine {
  readonly trigger: Slot<{ count: number }> = this.addSlot("trigger", this.send);
  readonly output: Event<{ n: number }> = this.addEvent<{ n: number }>("output");
  send({ count }: { count: number }, ctx: Context): void {
    for (let n = 0; n < count; n++) ctx.emit(this.output, { n });
  }
}

/** Takes numbers. */
export class Target extends Routine {
  readonly input: Slot<{ n: number }> = this.addSlot("input", this.take);
  take({ n }: { n: number }, ctx: Context): void {
    ctx.output("taken", n);
  }
}

/** A flow of a source `a` and a target `b`, which are not connected. */
export function flowOfTwo(): { readonly flow: Flow; readonly source: Source; readonly target: Target } {
  const flow = new Flow({ id: "f" });
  return { flow, source: flow.addRoutine(new Source(), "a"), target: flow.addRoutine(new Target(), "b") };
}

/** Runs a job whose only handler does this, in routine `r` with the event `output`. */
export function runHandler(
  work: (this: Actor, data: never, ctx: Context) => unknown,
  data: object = {},
): Promise<JobState> {
  const flow = new Flow({ id: "f" });
  return flow.run(flow.addRoutine(new Actor(work), "r").trigger, untyped(data));
}

/** A routine of one handler. */
export class Actor extends Routine {
  readonly trigger: Slot<never>;
  readonly output: Event<unknown> = this.addEvent("output");
  constructor(work: (this: Actor, data: never, ctx: Context) => unknown = () => {}) {
    super();
    this.trigger = this.addSlot("trigger", work as () => void);
  }
}
