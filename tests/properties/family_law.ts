import * as fc from "fast-check";
import { type ChildEnd, type Context, ErrorHandler, Flow, Registry, Routine, type Slot } from "../../mod.ts";
import { pauseAnywhere } from "../../src/testing/mod.ts";
import { type Law, law } from "./law.ts";

/** What one job of a family does. */
export interface Member {
  /** How many steps it takes before it starts its children. */
  readonly steps: number;
  /** How long it waits before that, in milliseconds. */
  readonly waitMs: number;
  /** How often it fails before it comes to its end: more than twice is for good. */
  readonly failures: number;
  /** Whether its handler waits for something. */
  readonly isAsync: boolean;
  /** The jobs that it waits for. */
  readonly children: readonly Member[];
}

/** How often and where families were stopped. */
export interface FamilyTries {
  /** How many runs were interrupted. */
  runs: number;
  /** How many jobs the largest family had. */
  most: number;
}

function families(depth: number): fc.Arbitrary<Member> {
  return fc.record({
    steps: fc.integer({ min: 0, max: 2 }),
    waitMs: fc.constantFrom(0, 0, 10, 25),
    failures: fc.constantFrom(0, 0, 0, 1, 3),
    isAsync: fc.boolean(),
    children: depth === 0 ? fc.constant([]) : fc.array(families(depth - 1), { maxLength: 3 }),
  });
}

/** Invariant 3 for jobs that have children inside of them. */
export function familyStoppedSomewhere(tries: FamilyTries = { runs: 0, most: 0 }): Law {
  const name = "stopped anywhere and moved, a job ends the same with the children that are parts of it";
  return law(3, name, fc.record({ family: families(2), seed: fc.nat() }), async ({ family, seed }) => {
    const { flow, entry } = createFamilyFlow();
    const { job, runs } = await pauseAnywhere(flow, { entry, params: family, seed, runs: 30, compare: "outcome" });
    tries.runs += runs;
    tries.most = Math.max(tries.most, sizeOf(family));
    const expected = worthOf(family);
    const got = job.status === "completed" ? job.result : undefined;
    if (got !== expected) throw new Error(`the family came to ${got}, and not to ${expected}`);
  }, 30);
}

function sizeOf({ children }: Member): number {
  return children.reduce((size, child) => size + sizeOf(child), 1);
}

/** What a family comes to: nothing, where the job above all of them fails. */
function worthOf({ steps, failures, children }: Member): number | undefined {
  if (failures > 2) return undefined;
  return children.reduce((sum, child) => sum + (worthOf(child) ?? 1_000), steps + 1);
}

/** Does as it is told, and adds up what its children come to; one that fails counts a thousand. */
class Relative extends Routine {
  readonly trigger: Slot<Member> = this.addSlot("trigger", this.begin);
  readonly grow: Slot<Member> = this.addSlot("grow", this.work);
  readonly told: Slot<ChildEnd<number>> = this.addSlot("told", this.add);
  readonly waited = this.addEvent<Member>("waited");

  begin(member: Member, ctx: Context): void {
    ctx.emit(this.waited, member, { delayMs: member.waitMs });
  }

  async *work(member: Member, ctx: Context<number>): AsyncGenerator<number, void, void> {
    for (let at = ctx.progress ?? 0; at < member.steps; at++) {
      if (member.isAsync) await Promise.resolve();
      this.count(1, ctx);
      yield at + 1;
    }
    if (ctx.attempt < member.failures) throw new RangeError(`failed ${ctx.attempt}`);
    this.count(1, ctx);
    for (const child of member.children) ctx.child(familyFlow, "relative", child, { to: this.told });
  }

  add(end: ChildEnd<number>, ctx: Context): void {
    this.count(end.status === "completed" ? end.result : 1_000, ctx);
  }

  count(worth: number, ctx: Pick<Context, "state" | "result">): void {
    const sum = (ctx.state.get<number>("sum") ?? 0) + worth;
    ctx.state.set("sum", sum);
    ctx.result(sum);
  }
}

function createFamilyFlow() {
  const flow = new Flow<number>({
    id: "family",
    registry: new Registry({ Relative }),
    errorHandler: new ErrorHandler({ strategy: "retry", maxRetries: 2, retryDelayMs: 5 }),
  });
  const relative = flow.addRoutine(new Relative(), "relative");
  flow.connect(relative.waited, relative.grow);
  return { flow, entry: relative.trigger };
}

const { flow: familyFlow } = createFamilyFlow();
