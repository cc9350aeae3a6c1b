import type { SideEffects } from "../../job/commit.ts";
import { type Answers, findAnswers } from "../../job/arrivals.ts";
import { emissionName, type KeyedSource, withdrawable } from "../../job/emit_keys.ts";
import type { Expectation } from "../../job/decide.ts";
import type { Payload } from "../../values/payload.ts";
import type { Child } from "../../job/children.ts";
import type { DeferredEvent, LogEntry, OutputEntry } from "../../job/job.ts";
import type { Task } from "../../job/task.ts";
import type { Activation } from "./activation.ts";
import type { ActivationHost } from "./activation_host.ts";
import { SlotViews } from "./slot_views.ts";
import { BufferedValues } from "./job_values.ts";

const NONE: readonly never[] = [];

/** The calls of `ctx.expect`, `ctx.cancelEmit` and keyed `ctx.emit`, `ctx.log`, `ctx.output`, `ctx.defer`, `ctx.child` and `ctx.result` since the last commit. */
class EffectLists {
  readonly expectations: Expectation[] = [];
  readonly withdrawals: KeyedSource[] = [];
  readonly log: LogEntry[] = [];
  readonly outputs: OutputEntry[] = [];
  readonly deferred: DeferredEvent[] = [];
  readonly children: Map<string, Child> = new Map();
  result: Payload | undefined;
}

const NO_ANSWERS: Answers = Object.freeze({ answers: NONE, open: NONE });
const NO_LISTS: EffectLists = Object.freeze(new EffectLists());

/** An activation's effects until its next commit, except emissions. Most have none: each part is made at first use. */
export class EffectsBuffer {
  readonly #host: ActivationHost;
  readonly #activation: Activation;
  #shared: BufferedValues | undefined;
  #state: BufferedValues | undefined;
  #views: SlotViews | undefined;
  #lists: EffectLists | undefined;

  /** Makes the empty buffer of an activation. */
  constructor(host: ActivationHost, activation: Activation) {
    this.#host = host;
    this.#activation = activation;
  }

  /** The lists that calls add to. */
  get lists(): EffectLists {
    return this.#lists ??= new EffectLists();
  }

  /** The deliveries from outside that the handler has asked for, and that have not come yet. */
  get expectations(): readonly Expectation[] {
    return this.#answers.open;
  }

  get #answers(): Answers {
    const expected = this.#lists?.expectations ?? NONE;
    return expected.length === 0 ? NO_ANSWERS : findAnswers(this.#host.job, this.#activation.task, expected);
  }

  /** The values that all routines share. */
  get shared(): BufferedValues {
    return this.#shared ??= new BufferedValues("shared", this.#host, this.#activation);
  }

  /** The values of the routine. */
  get state(): BufferedValues {
    return this.#state ??= new BufferedValues("state", this.#host, this.#activation);
  }

  /** The slots of the routine, as the handler sees them. */
  get views(): SlotViews {
    return this.#views ??= new SlotViews(this.#host.job, this.#activation.task, this.#host.classes);
  }

  /**
   * The changes that the buffered calls make to the values of this moment.
   *
   * @throws whatever an update function throws
   */
  changes(): SideEffects | undefined {
    const slots = this.#views?.changes() ?? NONE;
    const state = this.#state?.changes() ?? NONE;
    const shared = this.#shared?.changes() ?? NONE;
    const { log, outputs, deferred, children, withdrawals, result } = this.#lists ?? NO_LISTS;
    const { answers } = this.#answers;
    const withdrawn = withdrawals.length === 0 ? NONE : this.#withdrawn(withdrawals);
    const size = answers.length + withdrawn.length + slots.length + state.length + shared.length + log.length +
      outputs.length + deferred.length + children.size;
    if (size === 0 && result === undefined) return undefined;
    const opened = children.size === 0 ? NONE : Array.from(children.values());
    return { answers, withdrawn, slots, state, shared, log, outputs, deferred, children: opened, result };
  }

  /** What may still be taken back. A key that was named twice counts once. */
  #withdrawn(withdrawals: readonly KeyedSource[]): readonly Task[] {
    const named = new Map(withdrawals.map((each) => [emissionName(each), each]));
    return Array.from(named.values()).flatMap((each) => withdrawable(this.#host.job, each));
  }

  /** Forgets the buffered calls: they have been committed. Handlers may have kept `ctx.state` and `ctx.shared`. */
  clear(): void {
    this.#lists = undefined;
    this.#state?.clear();
    this.#shared?.clear();
    this.#views = undefined;
  }
}
