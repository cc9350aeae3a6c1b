import {
  type Context,
  Engine,
  type Event,
  type ExecutionStrategy,
  Flow,
  JobState,
  type Registrable,
  Registry,
  Routine,
  type Slot,
} from "../../mod.ts";
import { routines } from "../../src/routines/mod.ts";
import { textRoutines } from "../../src/routines/text/mod.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";

/** An input of the routine under test. */
export interface TrialItem {
  /** The data to send. */
  readonly data: unknown;
  /** The time of its delivery, in milliseconds from the start. */
  readonly at?: number;
}

/** An emission of the routine under test. */
export interface TrialOutput {
  /** The name of the event. */
  readonly event: string;
  /** The emitted data. */
  readonly data: unknown;
  /** When it was received, in milliseconds from the start. */
  readonly at: number;
}

/** The events, registry and strategy of a trial. */
export interface TrialOptions {
  /** The events that are received. @default {["output"]} */
  readonly events?: readonly string[];
  /** The names of its functions and classes. */
  readonly registry?: Readonly<Record<string, Registrable>>;
  /** The execution strategy of the flow. */
  readonly strategy?: ExecutionStrategy;
  /** Moves the flow through text before it runs. */
  readonly moved?: boolean;
}

/** The job and the emissions of a trial. */
export interface TrialResult {
  readonly job: JobState;
  readonly outputs: readonly TrialOutput[];
}

/** Emits its items, each at its time. */
export class Feed extends Routine {
  readonly trigger: Slot<{ items: readonly TrialItem[] }> = this.addSlot("trigger", this.send);
  readonly output: Event<unknown> = this.addEvent<unknown>("output");
  send({ items }: { items: readonly TrialItem[] }, ctx: Context): void {
    for (const { data, at = 0 } of items) ctx.emit(this.output, data, { delayMs: at });
  }
}

/** Records the data it receives as outputs, under its own id. */
export class Sink extends Routine {
  readonly input: Slot<unknown> = this.addSlot("input", this.note);
  note(data: unknown, ctx: Context): void {
    ctx.output(ctx.routineId, data);
  }
}

/** A registry of the built-in routines, those of this file, and more. */
export function trialRegistry(more: Readonly<Record<string, Registrable>> = {}): Registry {
  return new Registry({ ...routines, ...textRoutines, Feed, Sink, ...more });
}

/** A flow in which `feed` sends items to `subject`, and a sink receives each of its events. */
export function trialFlow(subject: Routine<object>, engine: Engine, options: TrialOptions = {}): Flow {
  const { events = ["output"], registry: more = {}, strategy = "sequential" } = options;
  const registry = trialRegistry(more);
  const workers = strategy === "concurrent" ? { maxWorkers: 4 } : {};
  const flow = new Flow({ id: "trial", registry, engine, executionStrategy: strategy, ...workers });
  flow.addRoutine(new Feed(), "feed");
  flow.addRoutine(subject, "subject");
  flow.connect("feed", "output", "subject", "input");
  for (const event of events) {
    flow.addRoutine(new Sink(), event);
    flow.connect("subject", event, event, "input");
  }
  return flow;
}

/** Sends items through a routine, advances the clock until nothing is due, and returns the emissions. */
export async function tryRoutine(
  subject: Routine<object>,
  items: readonly TrialItem[],
  options: TrialOptions = {},
): Promise<TrialResult> {
  const timers = manualTimers();
  const engine = new Engine({ timers, ids: manualIds() });
  const made = trialFlow(subject, engine, options);
  const flow = options.moved === true
    ? Flow.fromJSON(JSON.parse(JSON.stringify(made)), trialRegistry(options.registry), { engine })
    : made;
  const job = flow.execute("feed", { items });
  await passAllTime(timers);
  return { job, outputs: outputsOf(job) };
}

/** Advances the clock until no timer is set. */
export async function passAllTime(timers: ManualTimers): Promise<void> {
  while (await timers.advanceToNext());
  await timers.flush();
}

/** The emissions that the sinks of a job have received. */
export function outputsOf(job: JobState): TrialOutput[] {
  return job.outputLog.map(({ type, data, at }) => ({ event: type, data, at: Date.parse(at) }));
}

/** The events and data of the emissions, without their times. */
export function sent({ outputs }: TrialResult): unknown[] {
  return outputs.map(({ event, data }) => [event, data]);
}

/** Reads a job and its flow in another engine, whose clock shows the same time. */
export function moveJob(
  text: string,
  now: number,
  options: TrialOptions = {},
): { readonly job: JobState; readonly flow: Flow; readonly timers: ManualTimers } {
  const { flow, job } = JSON.parse(text);
  const timers = manualTimers(now);
  const engine = new Engine({ timers, ids: manualIds() });
  const registry = trialRegistry(options.registry);
  return { job: JobState.fromJSON(job, registry), flow: Flow.fromJSON(flow, registry, { engine }), timers };
}
