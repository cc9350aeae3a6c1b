import { type Context, ErrorHandler, Flow, type FlowOptions, Registry, Routine } from "../../mod.ts";
import { Aggregator } from "../../src/routines/mod.ts";
import { Asks, AsksBriefly, Escalates } from "./fleet_asks.ts";
import { childFlows, Leads, Reports, Rushes } from "./fleet_families.ts";
import { Mends, Mourns, Posts } from "./fleet_repairs.ts";
import { RENAMED_CLASSES } from "./renamed_classes.ts";
import { Alone, AMOUNT, Picky, Sums } from "./fleet_specials.ts";
import type { FleetJob } from "../../src/testing/fleet/fleet_options.ts";

/** The length of what goes on for long. */
const STRIDES = 200;

/** Works for a while, and passes on. */
class Relay extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);
  readonly done = this.addEvent<object>("done");
  async work(data: object, ctx: Context): Promise<void> {
    await Promise.resolve();
    ctx.shared.update<number>("relayed", (count = 0) => count + 1);
    ctx.output("relayed", { data });
    ctx.emit(this.done, {});
  }
}

/** Passes on at once, to be received later. */
class Later extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);
  readonly done = this.addEvent<object>("done");
  work(_: object, ctx: Context): void {
    ctx.emit(this.done, {}, { delayMs: 1_700 });
  }
}

/** Fails at first. */
class Flaky extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);
  readonly done = this.addEvent<object>("done");
  async work(_: object, ctx: Context): Promise<void> {
    await Promise.resolve();
    if (ctx.attempt === 0) throw new Error("at first it fails");
    ctx.emit(this.done, {});
  }
}

/** Fails always. */
class Broken extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);
  work(): void {
    throw new Error("it fails always");
  }
}

/** Goes on step by step. */
class Counts extends Routine {
  readonly trigger = this.addSlot("trigger", this.count);
  readonly done = this.addEvent<object>("done");
  async *count(_: object, ctx: Context<number>): AsyncGenerator<number, void, void> {
    for (let n = ctx.progress ?? 0; n < 4; n++) {
      await Promise.resolve();
      ctx.shared.update<number>("counted", (count = 0) => count + 1);
      yield n + 1;
    }
    ctx.emit(this.done, {});
  }
}

/** Goes on for long, and comes back at each step. */
class Strides extends Routine {
  readonly trigger = this.addSlot("trigger", this.stride);
  readonly done = this.addEvent<object>("done");
  async stride(_: object, ctx: Context<number>): Promise<void> {
    for (let n = ctx.progress ?? 0; n < STRIDES; n++) await ctx.checkpoint(n + 1);
    ctx.emit(this.done, {});
  }
}

/** Passes on to several at once. */
class Fan extends Routine {
  readonly trigger = this.addSlot("trigger", this.work);
  readonly done = this.addEvent<object>("done");
  work(_: object, ctx: Context): void {
    for (let n = 0; n < 4; n++) ctx.emit(this.done, { n });
  }
}

const CLASSES = {
  Relay,
  Later,
  Flaky,
  Picky,
  Broken,
  Asks,
  AsksBriefly,
  Escalates,
  Counts,
  Strides,
  Fan,
  Leads,
  Rushes,
  Reports,
  Alone,
  Sums,
  Mends,
  Mourns,
  Posts,
};

/** The classes of all these flows, and the schema of a result. */
export const fleetRegistry: Registry = new Registry({ ...CLASSES, Aggregator, AMOUNT });

/** With those of versions in which names have changed. */
export const renamedRegistry: Registry = new Registry({ ...CLASSES, ...RENAMED_CLASSES, Aggregator, AMOUNT });

type ClassName = keyof typeof CLASSES;

const CONCURRENT = { executionStrategy: "concurrent", maxWorkers: 3 } as const;
const OPTIONS: Readonly<Record<string, FlowOptions>> = { fan: CONCURRENT, gathers: { ...CONCURRENT, result: AMOUNT } };

function chain(id: string, ...names: readonly ClassName[]): Flow {
  const flow = new Flow({ id, registry: fleetRegistry, ...OPTIONS[id] });
  let before: string | undefined;
  names.forEach((name, i) => {
    const routine = new CLASSES[name]();
    if (name === "Flaky") routine.setErrorHandler(new ErrorHandler({ strategy: "retry", retryDelayMs: 900 }));
    if (id === "spoils" && name === "Broken") routine.setErrorHandler(new ErrorHandler({ strategy: "continue" }));
    if (name === "AsksBriefly") routine.setErrorHandler(new ErrorHandler({ strategy: "continue" }));
    const routineId = `${name.toLowerCase()}${i}`;
    flow.addRoutine(routine, routineId);
    if (before !== undefined) flow.connect(before, "done", routineId, "trigger");
    before = routineId;
  });
  return flow;
}

function job(flow: Flow, first: string, deliveries: FleetJob["deliveries"] = [], params: object = {}): FleetJob {
  return { flow, entry: { routine: first, slot: "trigger" }, deliveries, params };
}

/** The flows of children. */
for (
  const flow of [
    chain("family-works", "Relay", "Later", "Reports"),
    chain("family-asks", "AsksBriefly", "Reports"),
    chain("family-breaks", "Relay", "Broken"),
    chain("family-leads", "Leads", "Reports"),
  ]
) childFlows.set(flow.id, flow);

const FAMILY_ANSWER = { childFlow: "family-asks", routine: "asksbriefly0", slot: "answer", data: { from: "Ann" } };

/** It may fail before its children have ended. */
function rushes(): Flow {
  const flow = chain("rushes", "Rushes", "Relay");
  flow.addRoutine(new Broken(), "broken");
  flow.connect("rushes0", "soon", "broken", "trigger");
  return flow;
}

/** The failures of its second routine are delivered to its third. */
function rescued(id: string, name: "Broken" | "Picky"): Flow {
  const flow = chain(id, "Relay", name);
  const rescue = flow.addRoutine(new Relay(), "rescue");
  flow.connectFailure(flow.slot(`${name.toLowerCase()}1`, "trigger"), rescue.trigger);
  return flow;
}

/** Jobs for fleets: each with another way to wait, to fail, or to work. */
export const FLEET_JOBS: readonly FleetJob[] = [
  job(chain("relays", "Relay", "Relay", "Relay"), "relay0"),
  job(chain("waits", "Relay", "Later", "Flaky", "AsksBriefly", "Relay"), "relay0", [
    { routine: "asksbriefly3", slot: "answer", data: { from: "Ann" } },
  ]),
  job(chain("asks", "Asks", "Relay"), "asks0", [
    { routine: "asks0", slot: "answer", data: { from: "Ann" } },
    { routine: "asks0", slot: "answer", data: { from: "Bob" } },
  ]),
  job(chain("counts", "Counts", "Relay"), "counts0"),
  job(chain("fan", "Fan", "Relay", "Relay"), "fan0"),
  job(chain("breaks", "Relay", "Broken"), "relay0"),
  job(chain("brief", "Escalates", "Relay"), "escalates0", [
    { routine: "escalates0", slot: "answer", data: { from: "Ann" } },
    { routine: "escalates0", slot: "answer", data: { from: "Bob" } },
  ]),
  job(rescued("rescued", "Broken"), "relay0"),
  job(chain("spoils", "Fan", "Broken"), "fan0"),
  job(chain("family", "Leads", "Relay"), "leads0", [FAMILY_ANSWER], { children: ["family-works", "family-asks"] }),
  job(chain("elders", "Leads", "Relay"), "leads0", [], { children: ["family-leads", "family-breaks"] }),
  job(rushes(), "rushes0", [FAMILY_ANSWER], { children: ["family-asks", "family-works"] }),
];

/** Its deliveries are worked on one at a time, and gathered; its result has a schema. */
function gathers(): Flow {
  const flow = chain("gathers", "Fan", "Alone");
  const sums = flow.addRoutine(new Sums(), "sums");
  const gather = flow.addRoutine(new Aggregator<{ readonly n: number }>().setGroups({ count: 4 }), "gather");
  flow.connect("alone1", "done", "gather", "input");
  flow.connect(gather.output, sums.trigger);
  return flow;
}

/** The failures of its second routine arrive by other names, and its result is there long before its end. */
function mourns(): Flow {
  const flow = chain("mourns", "Relay", "Picky");
  const mourns = flow.addRoutine(new Mourns(), "mourns");
  flow.addRoutine(new Later(), "later");
  flow.addRoutine(new Relay(), "relay");
  flow.connect("mourns", "done", "later", "trigger");
  flow.connect("later", "done", "relay", "trigger");
  flow.connectFailure(flow.routine("picky1"), mourns.trigger, { mapping: { error: "reason", data: "order" } });
  return flow;
}

/**
 * Jobs that only some fleets have: by a method of its own, one at a time, with a deadline of the whole job, whose failures arrive by other
 * names, that a redrive mends with other data, and with children that nobody waits for.
 */
export const SPECIAL_JOBS: readonly FleetJob[] = [
  job(rescued("picks", "Picky"), "relay0"),
  job(gathers(), "fan0"),
  { ...job(chain("hurries", "Relay", "Later", "Asks", "Relay"), "relay0"), deadlineMs: 6_000 },
  job(mourns(), "relay0"),
  {
    ...job(chain("mends", "Relay", "Mends", "Relay"), "relay0"),
    repairs: [{ routine: "mends1", slot: "trigger", data: { amount: 12 } }],
  },
  job(chain("posts", "Posts", "Relay"), "posts0", [], { children: ["family-works", "family-leads"] }),
  job(chain("loses", "Posts", "Broken"), "posts0", [], { children: ["family-asks", "family-works"] }),
];

/** Jobs that take so many steps that only some fleets have them. */
export const LONG_JOBS: readonly FleetJob[] = [job(chain("strides", "Strides", "Relay"), "strides0")];
