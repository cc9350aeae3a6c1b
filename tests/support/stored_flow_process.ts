import {
  type Context,
  type DurabilityOptions,
  Engine,
  type EngineEvent,
  Flow,
  type HandlerReturn,
  type JobState,
  Registry,
  Routine,
} from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";

/** The handler of the routine `worker`. */
export type Work = (n: number, ctx: Context) => HandlerReturn<unknown>;

/** The store, clock and handler of a process. */
export interface ProcessOptions {
  /** The store; by default one of its own. */
  readonly store?: Store;
  /** The clock; by default one of its own. */
  readonly timers?: ManualTimers;
  /** How jobs are kept. */
  readonly durability?: DurabilityOptions;
  /** What workers do; by default they add the item to `sum`. */
  readonly work?: Work;
}

let processes = 0;

/** A simulated process that runs a small flow with a store: a source that emits its items, and a worker. */
export class StoredFlowProcess {
  readonly store: Store;
  readonly timers: ManualTimers;
  readonly engine: Engine;
  readonly flow: Flow;
  readonly registry: Registry;
  /** The items that workers have begun with. */
  readonly begun: number[] = [];
  /** What the engine has told. */
  readonly events: EngineEvent[] = [];

  constructor({ store = memoryStore(), timers = manualTimers(), durability = {}, work = add }: ProcessOptions = {}) {
    this.store = store;
    this.timers = timers;
    const { begun } = this;
    class Source extends Routine {
      readonly trigger = this.addSlot("trigger", this.send);
      readonly item = this.addEvent<{ n: number }>("item");
      send({ items = [] }: { items?: readonly number[] }, ctx: Context): void {
        for (const n of items) ctx.emit(this.item, { n });
      }
    }
    class Worker extends Routine {
      readonly input = this.addSlot("input", this.work);
      readonly item = this.addEvent<{ n: number }>("item");
      work({ n }: { n: number }, ctx: Context): HandlerReturn<unknown> {
        begun.push(n);
        return work(n, ctx);
      }
    }
    const registry = new Registry({ Source, Worker });
    this.registry = registry;
    const number = ++processes;
    this.engine = new Engine({
      timers,
      // Ids are unique over all processes.
      ids: manualIds(`id-${number}`),
      registry,
      store,
      durability: { owner: `process ${number}`, ...durability },
      observer: (event) => void this.events.push(event),
    });
    this.flow = new Flow({ id: "workshop", registry, engine: this.engine });
    const source = this.flow.addRoutine(new Source(), "source");
    const worker = this.flow.addRoutine(new Worker(), "worker");
    this.flow.connect(source.item, worker.input);
  }

  /** Starts the job. */
  start(items: readonly number[], jobId = "job"): JobState {
    return this.flow.execute("source", { items }, { jobId });
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    await this.timers.flush();
  }

  /** What is told of a kind. */
  told<T extends EngineEvent["type"]>(type: T): Extract<EngineEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type);
  }
}

function add(n: number, ctx: Context): void {
  ctx.shared.update("sum", (sum) => Number(sum ?? 0) + n);
}
