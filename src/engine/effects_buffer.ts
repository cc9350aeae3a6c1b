import type { ClassTable } from "../base/class_table.ts";
import type { Stored } from "../base/json.ts";
import type { ValueLimits } from "../base/limits.ts";
import type { SideEffects } from "../scheduler/commit.ts";
import type { Expectation } from "../scheduler/decide.ts";
import type { DeferredEvent, Job, LogEntry, OutputEntry } from "../scheduler/job.ts";
import type { Task } from "../scheduler/task.ts";
import { SlotViews } from "./slot_views.ts";
import { BufferedValues } from "./values.ts";

const NONE: readonly never[] = [];

/** What a buffer needs of the execution. */
export interface EffectsHost {
  /** The job. */
  readonly job: Job;
  /** How values travel. */
  readonly classes: ClassTable;
  /** How large a value may be. */
  readonly limits: ValueLimits;
}

/** What a buffer needs of the activation whose it is. */
export interface EffectsOwner {
  /** The task. */
  readonly task: Task;
  /** The routine's id. */
  readonly routineId: string;
  /** Throws when the context is closed; `what` is what was tried. */
  checkOpen(what: string): void;
}

/** All that an activation does but emit, until its next commit. Most do nothing of it: each part is made at first use. */
export class EffectsBuffer {
  /** The deliveries from outside that are waited for. */
  expectations: Expectation[] = [];
  /** New entries of the shared log. */
  log: LogEntry[] = [];
  /** New outputs. */
  outputs: OutputEntry[] = [];
  /** New deferred events. */
  deferred: DeferredEvent[] = [];
  readonly #host: EffectsHost;
  readonly #owner: EffectsOwner;
  #shared: BufferedValues | undefined;
  #state: BufferedValues | undefined;
  #views: SlotViews | undefined;

  /** Makes the empty buffer of an activation. */
  constructor(host: EffectsHost, owner: EffectsOwner) {
    this.#host = host;
    this.#owner = owner;
  }

  /** The values that all routines share. */
  get shared(): BufferedValues {
    return this.#shared ??= this.#values("shared", () => this.#host.job.sharedData);
  }

  /** The values of the routine. */
  get state(): BufferedValues {
    const { routineStates } = this.#host.job;
    return this.#state ??= this.#values("state", () => routineStates.get(this.#owner.routineId)?.state);
  }

  /** The slots of the routine, as the handler sees them. */
  get views(): SlotViews {
    return this.#views ??= new SlotViews(this.#host.job, this.#owner.task, this.#host.classes);
  }

  /**
   * What the buffered calls change, on the values of this moment.
   *
   * @throws whatever an update function throws
   */
  changes(): SideEffects | undefined {
    const slots = this.#views?.changes() ?? NONE;
    const state = this.#state?.changes() ?? NONE;
    const shared = this.#shared?.changes() ?? NONE;
    const { log, outputs, deferred } = this;
    const size = slots.length + state.length + shared.length + log.length + outputs.length + deferred.length;
    return size === 0 ? undefined : { slots, state, shared, log, outputs, deferred };
  }

  /** Forgets the buffered calls: they have been committed. Handlers may have kept `ctx.state` and `ctx.shared`. */
  clear(): void {
    this.expectations = [];
    this.log = [];
    this.outputs = [];
    this.deferred = [];
    this.#state?.clear();
    this.#shared?.clear();
    this.#views = undefined;
  }

  #values(name: string, current: () => ReadonlyMap<string, Stored> | undefined): BufferedValues {
    const { classes, limits } = this.#host;
    return new BufferedValues({ name, classes, limits, current, checkOpen: (what) => this.#owner.checkOpen(what) });
  }
}
