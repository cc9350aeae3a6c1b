import { type Context, type DurabilityOptions, Engine, Flow, type JobHandle, Registry, Routine } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { schedule, type ScheduleOptions } from "../../src/schedules/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";

let processes = 0;

/** A simulated process that declares a schedule of reports, which are jobs that note their ids. */
export class ReportProcess {
  /** The clock, which processes share. */
  readonly timers: ManualTimers;
  /** The engine of the process. */
  readonly engine: Engine;
  /** The flow of the reports. */
  readonly flow: Flow;
  /** The store, which processes share. */
  readonly store: Store;
  /** What the jobs have got, in order. */
  readonly written: string[] = [];

  constructor(at: string | ManualTimers, store: Store = memoryStore(), options: DurabilityOptions = {}) {
    const { written } = this;
    class Report extends Routine {
      readonly trigger = this.addSlot("trigger", this.write);
      write({ team }: { team: string }, ctx: Context): void {
        written.push(`${team} ${ctx.jobId}`);
      }
    }
    this.timers = typeof at === "string" ? manualTimers(Date.parse(at)) : at;
    this.store = store;
    const number = ++processes;
    const ids = manualIds(`id-${number}`);
    const durability = { owner: `process ${number}`, ...options };
    this.engine = new Engine({ timers: this.timers, ids, registry: new Registry({ Report }), store, durability });
    this.flow = new Flow({ id: "reports", engine: this.engine });
    this.flow.addRoutine(new Report(), "report");
  }

  /** Declares the schedule, for the reports of a team. */
  declare(options: ScheduleOptions, team = "sales"): Promise<JobHandle> {
    return schedule(this.engine, "nightly", options, this.flow, "report", { team });
  }

  /** The instants of all jobs that the schedule has started. */
  async instants(): Promise<string[]> {
    const { jobs } = await this.engine.list({ flowId: "reports", limit: 1_000 });
    return jobs.map(({ jobId }) => jobId.slice("nightly@".length)).sort();
  }
}
