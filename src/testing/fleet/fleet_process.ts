import { ignoreRejection } from "../../base/thenable.ts";
import type { JobState } from "../../documents/job_state.ts";
import { Engine } from "../../engine.ts";
import type { Activation } from "../../engine/activation/activation.ts";
import { type EngineHost, hostOf } from "../../engine/execution/engine_host.ts";
import { executionOf } from "../../engine/execution/execution.ts";
import { Flow } from "../../flow.ts";
import type { MaybePromise, Store, StoreEvent } from "../../ports/store.ts";
import type { StartedJob } from "../../job_handle.ts";
import { Registry } from "../../values/registry.ts";
import { wireOf } from "../../values/payload.ts";
import { dataOf } from "../../job/task.ts";
import { manualIds } from "../manual_ids.ts";
import { DirectCalls } from "./direct_calls.ts";
import { ProcessClock } from "./fleet_clock.ts";
import { FleetHandlers } from "./fleet_handlers.ts";
import type { FleetAsk, ProcessTraits } from "./fleet_ask.ts";
import type { FleetJob } from "./fleet_options.ts";
import { ANSWER_TIMEOUT_MS, type FleetStage, LEASE_MS, MAX_RECOVERIES } from "./fleet_stage.ts";
import { heldUntil } from "./fleet_focus.ts";
import { type Ask, distantStore, type StoreCall, type StoreMethod } from "./store_calls.ts";
import { watchedStore } from "./watched_store.ts";

/** How often a process looks for jobs that are due, in milliseconds. */
const POLL_MS = 700;

/** A process: an engine on the store of the fleet, which looks for jobs that are due. */
export class FleetProcess {
  readonly number: number;
  readonly name: string;
  readonly clock: ProcessClock;
  /** See `ProcessTraits`. */
  readonly takesOver: boolean;
  readonly isStranger: boolean;
  readonly isNext: boolean;
  /** Whether it takes no more jobs. */
  isStopping = false;
  /** The jobs that were started or taken here, with their flows. */
  readonly jobs: Map<string, { readonly flow: Flow; readonly job: JobState }> = new Map();
  /** What was asked for by methods of flows. */
  readonly directCalls: DirectCalls = new DirectCalls();
  readonly #stage: FleetStage;
  readonly #engine: Engine;
  readonly #host: EngineHost;
  readonly #flows: Map<string, Flow> = new Map();

  /** Starts a process. */
  constructor(stage: FleetStage, { number, name, offsetMs, takesOver, isStranger, isNext }: ProcessTraits) {
    this.#stage = stage;
    this.isNext = isNext;
    this.takesOver = takesOver;
    this.isStranger = isStranger;
    this.number = number;
    this.name = name;
    const { settings, random } = stage;
    this.clock = new ProcessClock(stage.clock, offsetMs);
    const host = { timers: this.clock, random };
    this.#engine = new Engine({
      timers: this.clock,
      ids: manualIds(`${name}.${number}`),
      observer: (event) => {
        if (event.type === "lost" || event.type === "command_error") this.directCalls.refused(event.jobId);
        if (event.type === "replaced") this.#check(() => stage.ledger.leases.replaced(number, event.owner));
      },
      registry: isStranger ? new Registry() : settings.registry,
      store: this.#openStore(),
      durability: {
        owner: name,
        leaseMs: LEASE_MS,
        maxRecoveries: MAX_RECOVERIES,
        takeOver: takesOver ? "at once" : "after lease",
        commandPollMs: 500,
        answerTimeoutMs: ANSWER_TIMEOUT_MS,
        ...stage.durability,
      },
      ...(settings.services === undefined ? {} : { services: settings.services(host) }),
    });
    this.#host = hostOf(this.#engine, "Cannot simulate");
    this.#host.director = new FleetHandlers({
      clock: this.clock,
      random,
      handlerMs: settings.handlerMs * (stage.focus.handlersTake ?? 1),
      starts: (activation) => this.#starts(activation),
    });
    stage.trace.add(() =>
      `process ${number} starts as ${name}${offsetMs === 0 ? "" : `, clock off by ${offsetMs} ms`}` +
      `${takesOver ? ", takes over at once" : ""}${isStranger ? ", without classes" : ""}${
        isNext ? ", with the next versions" : ""
      }`
    );
    const { queues } = settings;
    if ((stage.focus.recovers !== true && random.chance(0.6)) || queues.length > 0) {
      const options = { pollMs: POLL_MS, idleMs: random.chance(0.5) ? 1_000 : 5_000, drainMs: 1_000 };
      const limits = queues.length > 0 && { queues: [...queues, "default"] };
      this.#engine.work({ ...options, ...limits, concurrency: 1 + random.integer(6) });
    } else this.#poll();
    if (stage.versions.size > 0 && !isStranger) this.#adoptWhatIsTaken();
  }

  /** Moves what is taken here to the versions that this process has, whichever of its workers takes it. */
  #adoptWhatIsTaken(): void {
    const { settings: { queues }, versions } = this.#stage;
    const flows = Array.from(versions.keys(), (id) => this.#flow(id));
    const limits = queues.length > 0 && { queues: [...queues, "default"] };
    this.#engine.work({ flows, onChange: "adopt", pollMs: POLL_MS, idleMs: 1_000, drainMs: 1_000, ...limits });
  }

  /** Moves a job to the next version of its flow. */
  async adopt(jobId: string, flowId: string): Promise<void> {
    await this.#flow(flowId).handle(jobId).adopt();
  }

  /** Whether it can be asked for something now. */
  get isThere(): boolean {
    return !this.clock.isGone && !this.clock.isHeld && !this.isStopping;
  }

  /** Starts a job that runs here. */
  execute(jobId: string, { flow: { id }, entry, params = {} }: FleetJob): void {
    const flow = this.#flow(id);
    const job = flow.execute(flow.slot(entry.routine, entry.slot), params as never, { jobId });
    this.#follow(flow, job);
  }

  /** Stores a job, for whoever takes it. */
  start(jobId: string, { flow: { id }, entry, params = {}, queue }: FleetJob, inMs: number): Promise<StartedJob> {
    const flow = this.#flow(id);
    const at = inMs === 0 ? undefined : this.clock.now() + inMs;
    return flow.start(flow.slot(entry.routine, entry.slot), params as never, { jobId, at, queue });
  }

  /** Asks something of a job. */
  ask(jobId: string, asked: FleetAsk, key: string): Promise<void> {
    const handle = this.#engine.handle(jobId);
    switch (asked.type) {
      case "deliver":
        return handle.deliver(asked, asked.data, { key });
      case "pause":
        return handle.pause({ graceMs: asked.graceMs, key });
      case "resume":
        return handle.resume({ key });
      case "cancel":
        return handle.cancel({ key });
      case "redrive":
        return handle.redrive({ key, ...(asked.failures === undefined ? {} : { failures: asked.failures }) });
      case "discard":
        return handle.discard(asked.failures, { key });
    }
  }

  /** Waits for the end of a job, wherever it is. */
  ended(jobId: string): Promise<JobState> {
    return this.#engine.handle(jobId).ended();
  }

  /** Deletes a job that is not live. */
  delete(jobId: string): Promise<boolean> {
    return this.#engine.delete(jobId);
  }

  /** Deletes all jobs that have ended. */
  purge(): Promise<number> {
    return this.#engine.purge({ endedBefore: Infinity });
  }

  /**
   * Calls a method of a flow for a job that was started or taken here.
   *
   * @throws {StateError} when the job is not live here, or its status does not allow the call
   */
  direct(jobId: string, asked: FleetAsk): void {
    const { flow, job } = this.jobs.get(jobId) ?? {};
    if (flow === undefined || job === undefined) return;
    const { ledger } = this.#stage;
    const known = this.#lifeOf(jobId);
    const life = known === undefined ? ledger.lifeOfClaim(this.number, jobId) : ledger.lives.get(known);
    // Who waits later hears the same.
    this.#follow(flow, job);
    switch (asked.type) {
      case "deliver":
        flow.deliver(job, asked.routine, asked.slot, asked.data);
        return life && this.directCalls.returned(asked, life);
      case "pause":
        return ignoreRejection(flow.pause(job, { graceMs: asked.graceMs }));
      case "cancel":
        flow.cancel(job);
        return life && this.directCalls.returned(asked, life);
      case "discard":
        return flow.discard(job, asked.failures);
      default:
        if (this.#stage.settings.queues.length > 0) return;
        ignoreRejection(flow.waitForCompletion(flow.resume(job, { redrive: asked.type === "redrive" })));
    }
  }

  /** Takes up jobs that are due. */
  recover(): void {
    if (this.#stage.settings.queues.length > 0) return;
    const recovered = this.#engine.recover().then(({ jobs }) => {
      for (const { flow, job } of jobs) this.#follow(flow, job);
    });
    ignoreRejection(recovered);
  }

  /** Takes no more jobs, and lets go of those that it has. */
  async shutdown(drain: boolean, closes: boolean): Promise<void> {
    this.isStopping = true;
    const options = { drain, timeoutMs: 2_000 };
    if (closes) await this.#engine.close(options);
    else await this.#engine.shutdown(options);
  }

  /** Waits for the end of a job that is live here, and has it checked. */
  #follow(flow: Flow, job: JobState): void {
    this.jobs.set(job.jobId, { flow, job });
    const ended = flow.waitForCompletion(job).then((hasEnded) => {
      if (hasEnded && !this.clock.isGone) this.#stage.ledger.toldEnded(this.number, job.jobId);
    });
    ended.catch((error: unknown) => this.#stage.fail(error));
  }

  #flow(id: string): Flow {
    const { flows, versions, settings: { registry } } = this.#stage;
    const text = (this.isNext ? versions.get(id) : undefined) ?? flows.get(id) ?? "";
    const flow = this.#flows.get(id) ?? Flow.fromJSON(JSON.parse(text), registry, { engine: this.#engine });
    this.#flows.set(id, flow);
    return flow;
  }

  /** The life of the job that this process has claimed, as far as it knows. */
  #lifeOf(jobId: string): number | undefined {
    const session = this.#host.store?.session;
    const job = session?.liveJob(jobId);
    return job && session?.journals.get(job)?.claim.life;
  }

  #poll(): void {
    if (this.isStopping) return;
    this.recover();
    this.clock.after(POLL_MS + this.#stage.random.integer(POLL_MS), () => this.#poll());
  }

  #starts(activation: Activation): () => void {
    const { ledger, trace, clock } = this.#stage;
    const { jobId, task, plan } = activation;
    const data = dataOf(task);
    const input = `${plan.routine.id}.${plan.slot.name} ${data === undefined ? "" : JSON.stringify(wireOf(data))}`;
    const step = `${task.id}/${task.details?.step ?? 0}`;
    trace.add(() => `  process ${this.number} runs task ${step} of ${jobId}: ${input}`);
    try {
      const { idempotencyKey: key } = activation;
      const isAborted = () => activation.isAborted;
      const life = this.#lifeOf(jobId);
      const job = this.#host.store?.session.liveJob(jobId);
      const version = job && executionOf(job)?.plan.graph.version;
      const handler = { process: this.number, jobId, life, version, task: task.id, step, key, input, isAborted };
      const end = ledger.starts(handler, clock.now);
      return () => {
        trace.add(() => `  process ${this.number} has done task ${step} of ${jobId}`);
        end();
      };
    } catch (error) {
      this.#stage.fail(error);
      return () => {};
    }
  }

  #openStore(): Store {
    const { store, ledger, trace, clock, calls, hasStoreClock, answersAtOnce, isWatched, focus, random } = this.#stage;
    const now = () => clock.now;
    const watched = watchedStore(store, {
      ledger,
      trace,
      process: this.number,
      clock: hasStoreClock ? now : undefined,
      now,
    });
    const ask: Ask = <T>(
      method: StoreMethod,
      about: string,
      job: StoreCall["job"],
      run: () => MaybePromise<T>,
    ): MaybePromise<T> => {
      try {
        calls.made(clock.now);
      } catch (error) {
        this.#stage.fail(error);
        // Only so is whoever calls it without end kept from going on.
        return new Promise(() => {});
      }
      if (answersAtOnce) return this.#answer(run);
      return new Promise<T>((resolve, reject) => {
        calls.calls.push({
          name: `${method}${about}`,
          method,
          job,
          heldUntil: heldUntil(focus.holds, method, random, clock.now),
          clock: this.clock,
          process: this.number,
          sentAt: clock.now,
          isAwaited: true,
          run: async () => {
            const value = await run();
            return () => resolve(value);
          },
          fail: reject,
        });
      });
    };
    return distantStore(watched, ask, isWatched && store.watch !== undefined ? (it) => this.#watch(it) : undefined);
  }

  #check(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#stage.fail(error);
    }
  }

  #answer<T>(run: () => MaybePromise<T>): MaybePromise<T> {
    try {
      return run();
    } catch (error) {
      this.#stage.fail(error);
      throw error;
    }
  }

  #watch(onEvent: (event: StoreEvent) => void): () => void {
    const { store, calls, clock } = this.#stage;
    return store.watch?.((event) => {
      const answer = {
        name: `event ${event.type}`,
        heldUntil: 0,
        clock: this.clock,
        process: this.number,
        sentAt: clock.now,
        arrive: () => onEvent(event),
      };
      if (!this.clock.isGone) calls.answer(answer);
    }) ?? (() => {});
  }
}
