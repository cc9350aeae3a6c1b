import { type ChildEnd, type Context, Engine, Flow, type JobState, Registry, Routine } from "../../mod.ts";
import { Aggregator, Join, Splitter } from "../../src/routines/mod.ts";
import { schedule, type ScheduleOptions } from "../../src/schedules/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualTimers } from "../../src/testing/mod.ts";
import { Source, testMistakes, untyped } from "./told_by.ts";

// Failure connections, children, answers, groups and schedules that cannot be: refused where they are declared, by name, with the remedy.

/** Takes what does not fit a failure, the end of a child, or a deadline. */
const NUMBERS = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) => typeof value === "number" ? { value } : { issues: [{ message: "no number" }] },
  },
};

/** Does what a test says. */
class Desk extends Routine {
  readonly trigger = this.addSlot("trigger", this.begin);
  readonly ended = this.addSlot("ended", this.note);
  readonly numbers = this.addSlot("numbers", this.count, { schema: NUMBERS });
  readonly said = this.addEvent("said");
  begin(_: unknown, ctx: Context): void {
    Reflect.get(ctx.services, "act").call(this, ctx);
  }
  note(_: ChildEnd): void {}
  count(_: number): void {}
}

/** What a handler of the routine `desk` is told, whose job fails. */
const handling = (act: (this: Desk, ctx: Context) => unknown) => async (): Promise<JobState> => {
  const engine = new Engine({ timers: manualTimers(), services: { act } });
  const flow = new Flow({ id: "f", engine, registry: new Registry({ Desk, NUMBERS, Source }) });
  return await flow.run(flow.addRoutine(new Desk(), "desk").trigger, {}, { jobId: "j" });
};

/** Two flows of a desk each. */
function twoFlows() {
  const [flow, other] = [new Flow({ id: "f" }), new Flow({ id: "g" })];
  return { flow, desk: flow.addRoutine(new Desk(), "desk"), other: other.addRoutine(new Desk(), "other") };
}

const SOURCES = new Flow({ id: "sources", registry: new Registry({ Source }) });
const source = SOURCES.addRoutine(new Source(), "source");
/** A flow whose class is in no registry. */
const STRAYS = new Flow({ id: "strays" });
const stray = STRAYS.addRoutine(new Source(), "stray");

/** What is said of a schedule. */
const scheduling = (options: ScheduleOptions) => async () => {
  const engine = new Engine({ registry: new Registry({ Source }), store: memoryStore(), timers: manualTimers() });
  const flow = new Flow({ id: "f", engine });
  return (await schedule(engine, "nightly", options, flow, flow.addRoutine(new Source(), "a"), { count: 1 })).jobId;
};

/** What becomes of data that is grouped by `order`. */
const grouping = (data: unknown) => async (): Promise<JobState> => {
  const flow = new Flow({ id: "f" });
  const groups = new Aggregator<{ order: string }>().setGroups({ by: "order", count: 2 });
  return await flow.run(flow.addRoutine(groups, "groups").input, untyped(data));
};

const CHILD = 'Cannot start a child of routine "desk"';
const NAME = "must be a non-empty string (and none of __proto__, constructor, prototype)";

testMistakes({
  "M124 a failure goes to a slot of another flow": [
    () => {
      const { flow, desk, other } = twoFlows();
      flow.connectFailure(desk.trigger, untyped(other.ended));
    },
    'Cannot connect: slot "ended" belongs to a Desk instance, which is not in flow "f"; add it with addRoutine',
  ],
  "M125 failures of a routine of another flow are connected": [
    () => {
      const { flow, desk, other } = twoFlows();
      flow.connectFailure(other, untyped(desk.ended));
    },
    'Cannot find routine: a Desk instance is not in flow "f"; add it with addRoutine',
  ],
  "M126 a slot is to take its own failures": [
    () => {
      const { flow, desk } = twoFlows();
      flow.connectFailure(desk.ended, untyped(desk.ended));
    },
    'Cannot connect failure "desk.ended" to "desk.ended": a slot cannot take its own failures; give the routine another slot for them',
  ],
  "M127 a failure goes to an event": [
    () => {
      const { flow, desk } = twoFlows();
      flow.connectFailure(desk.trigger, untyped(desk.said));
    },
    "Cannot connect: expected a slot as the second argument, as addSlot returns it, got an Event instance",
  ],
  "M128 a child's class is in no registry": [
    handling(function (ctx) {
      ctx.child(STRAYS, stray, { count: 1 }, { to: this.ended });
    }),
    "Routine 'stray' (Source) cannot be serialized: its class is not registered; write new Registry({ Source })",
  ],
  "M129 a child begins in another flow": [
    handling(function (ctx) {
      ctx.child(SOURCES, stray, { count: 1 }, { to: this.ended });
    }),
    'Cannot find routine: a Source instance is not in flow "sources"; add it with addRoutine',
  ],
  "M130 the end of a child goes to another routine": [
    handling((ctx) => {
      ctx.child(SOURCES, source, { count: 1 }, { to: untyped(source.trigger) });
    }),
    'Cannot start a child in routine "desk": slot "trigger" belongs to another routine; name one of its own: "trigger", "ended", "numbers"',
  ],
  "M131 nobody is told of a child, and it is not detached": [
    handling((ctx) => {
      ctx.child(SOURCES, source, { count: 1 }, untyped({}));
    }),
    `${CHILD}: say to which slot its end goes, or detached: true`,
  ],
  "M132 a detached child is started by a job that nobody keeps": [
    handling((ctx) => {
      ctx.child(SOURCES, source, { count: 1 }, { detached: true });
    }),
    'Cannot start a detached child of routine "desk": without a store nobody would keep it; give new Engine() a store, or name the slot that waits for it',
  ],
  "M133 two children of a step have one key": [
    handling(function (ctx) {
      for (const key of ["a", "a"]) ctx.child(SOURCES, source, { count: 1 }, { to: this.ended, key });
    }),
    `${CHILD}: it has a child "j/1/0/a" already; give each a key of its own`,
  ],
  "M134 the key of a child is a number": [
    handling(function (ctx) {
      ctx.child(SOURCES, source, { count: 1 }, { to: this.ended, key: untyped(5) });
    }),
    `${CHILD}: the key ${NAME}, not 5`,
  ],
  "M135 onTimeout is a slot that takes something else": [
    handling(function (ctx) {
      ctx.expect(this.ended, { timeoutMs: 5, onTimeout: untyped(this.numbers) });
    }),
    'Cannot expect a delivery: data for slot "numbers" of routine "desk" at the deadline does not fit its schema: no number',
  ],
  "M136 onTimeout is another routine's slot": [
    handling(function (ctx) {
      ctx.expect(this.ended, { timeoutMs: 5, onTimeout: untyped(source.trigger) });
    }),
    'Cannot tell of a delivery that has not come in routine "desk": slot "trigger" belongs to another routine; name one of its own: "trigger", "ended", "numbers"',
  ],
  "M137 onTimeout stands without a time": [
    handling(function (ctx) {
      ctx.expect(this.ended, untyped({ onTimeout: "numbers" }));
    }),
    'Cannot expect a delivery: onTimeout is slot "numbers", but there is no timeoutMs',
  ],
  "M138 the key of an event is a number": [
    handling(function (ctx) {
      ctx.emit(this.said, {}, { key: untyped(5) });
    }),
    `Cannot emit "said" of routine "desk": the key ${NAME}, not 5`,
  ],
  "M139 a result is undefined": [
    handling((ctx) => ctx.result(undefined)),
    'Cannot set the result from routine "desk": it is undefined; null stands for nothing',
  ],
  "M140 data lacks the key of its group": [
    grouping({}),
    'Cannot group: the data has no key "order", by which it is grouped; all data needs one',
  ],
  "M141 the key of a group is an object": [
    grouping({ order: { id: 7 } }),
    "Cannot group: data.order is an object; a key is a text, a number or a boolean",
  ],
  "M142 groups have neither a count nor a time": [
    () => new Aggregator<{ order: string }>().setGroups({ by: "order" }),
    "Cannot set groups: give a count, a timeoutMs, or both",
  ],
  "M143 groups are to have no inputs": [
    () => new Aggregator<{ order: string }>().setGroups({ by: "order", count: 0 }),
    "Cannot set groups: count must be an integer of at least 1, current value is 0",
  ],
  "M144 a join has one input": [
    () => new Join<{ a: { order: string } }>().setInputs({ a: { by: "order" } }),
    "Cannot set inputs: a join has at least two inputs, got 1",
  ],
  "M145 only one input of a join has a key": [
    () => new Join<{ a: { order: string }; b: object }>().setInputs({ a: { by: "order" }, b: {} }),
    'Cannot set inputs: input "b" has no key, and others have one; give all a key, or none',
  ],
  "M146 a splitter gets no list": [
    () => {
      const flow = new Flow({ id: "f" });
      return flow.run(flow.addRoutine(new Splitter(), "splitter").input, untyped({ items: 5 }));
    },
    "Cannot split: the data must have a list under the key items",
  ],
  "M147 no handler of a routine may run": [
    () => new Desk().setConcurrency(0),
    "Cannot set concurrency: most must be an integer of at least 1, current value is 0",
  ],
  "M148 a cron text is none": [
    scheduling({ cron: "61 * * * *" }),
    'Cannot schedule "nightly": cron is "61 * * * *", which is no pattern: CronPattern: Invalid value for minute: 61; patterns are such as "0 3 * * *"',
  ],
  "M149 a cron text never comes": [
    scheduling({ cron: "0 0 30 2 *" }),
    'Cannot schedule "nightly": cron is "0 0 30 2 *", which never comes',
  ],
  "M150 a time zone does not exist": [
    scheduling({ cron: "0 3 * * *", timeZone: "Mars/Olympus" }),
    'Cannot schedule "nightly": there is no time zone "Mars/Olympus"; names are such as "Europe/Berlin"',
  ],
  "M151 what becomes of missed instants is a word that is none": [
    scheduling({ cron: "0 3 * * *", missed: untyped("never") }),
    'Cannot schedule "nightly": missed must be one of "skip", "once", "all", current value is "never"',
  ],
  "M152 failures of a routine are connected by its id": [
    () => {
      const { flow, desk } = twoFlows();
      flow.connectFailure(untyped("desk"), untyped(desk.ended));
    },
    'Cannot find routine: "desk" is not in flow "f"; give what addRoutine has returned',
  ],
  "M153 a mapping of failures names a key that they don't have": [
    () => {
      const { flow, desk } = twoFlows();
      flow.connectFailure(desk.trigger, untyped(desk.ended), { mapping: untyped({ eror: "why" }) });
    },
    'Cannot connect failure "desk.trigger" to "desk.ended": unknown option "mapping.eror"; did you mean "mapping.error"?',
  ],
});
