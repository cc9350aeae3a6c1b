import { type ChildEnd, type Context, Engine, type EngineEvent, Flow, Registry, Routine } from "../../mod.ts";
import type { DurabilityOptions } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import type { Timers } from "../../src/ports/timers.ts";
import { memoryStore } from "../../src/stores/memory_store.ts";
import { manualIds, type ManualTimers } from "../../src/testing/mod.ts";

/** What a child does with its item; it may set the result itself. */
export type ChildWork = (n: number, ctx: Context) => void | Promise<void>;

/** The store, and what children do. */
export interface FamilyOptions {
  readonly store?: Store;
  /** What ids begin with, unique among all processes. */
  readonly name?: string;
  readonly durability?: DurabilityOptions;
  readonly work?: ChildWork;
}

let processes = 0;

/**
 * A simulated process with two flows: a parent that starts a child for each of its items, and adds up their results; and the children's,
 * which squares a number.
 */
export class FamilyProcess<T extends Timers = ManualTimers> {
  readonly store: Store;
  readonly timers: T;
  readonly engine: Engine;
  readonly flow: Flow<number>;
  readonly child: Flow<number>;
  readonly registry: Registry;
  /** The items that children have begun with. */
  readonly begun: number[] = [];
  /** The ends that the parent was told of. */
  readonly ends: ChildEnd<number>[] = [];
  readonly events: EngineEvent[] = [];

  constructor(timers: T, { store = memoryStore(), name, durability = {}, work = square }: FamilyOptions = {}) {
    this.store = store;
    this.timers = timers;
    const { begun, ends } = this;
    class Square extends Routine {
      readonly trigger = this.addSlot("trigger", this.square);
      readonly answer = this.addSlot("answer", this.finish);
      square({ n }: { n: number }, ctx: Context): void | Promise<void> {
        begun.push(n);
        return work(n, ctx);
      }
      finish({ n }: { n: number }, ctx: Context): void {
        ctx.result(n);
      }
    }
    const prefix = name ?? `process ${++processes}`;
    const registry = new Registry();
    const engine = new Engine({
      timers,
      ids: manualIds(prefix),
      registry,
      store,
      durability: { owner: prefix, ...durability },
      observer: (event) => void this.events.push(event),
    });
    const child = new Flow<number>({ id: "square", registry, engine });
    class Sum extends Routine {
      readonly trigger = this.addSlot("trigger", this.map);
      readonly squared = this.addSlot("squared", this.add);
      map({ items, detached = false }: { items: readonly number[]; detached?: boolean }, ctx: Context): void {
        ctx.result(0);
        for (const n of items) {
          if (detached) ctx.child(child, "square", { n }, { detached: true });
          else ctx.child(child, "square", { n }, { to: this.squared });
        }
      }
      add(end: ChildEnd<number>, ctx: Context): void {
        ends.push(end);
        const value = end.status === "completed" ? end.result : 0;
        ctx.state.update<number>("sum", (sum = 0) => sum + value);
        ctx.result(ctx.state.get<number>("sum"));
      }
    }
    registry.register({ Sum, Square });
    child.addRoutine(new Square(), "square");
    this.flow = new Flow<number>({ id: "sum", registry, engine });
    this.flow.addRoutine(new Sum(), "sum");
    this.engine = engine;
    this.child = child;
    this.registry = registry;
  }
}

function square(n: number, ctx: Context): void {
  ctx.result(n * n);
}
