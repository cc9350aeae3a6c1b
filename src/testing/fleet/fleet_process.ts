import { ignoreRejection } from "../../base/thenable.ts";
import { jobOf, type JobState } from "../../documents/job_state.ts";
import { Engine } from "../../engine.ts";
import type { Activation } from "../../engine/activation/activation.ts";
import { type EngineHost, hostOf } from "../../engine/execution/engine_host.ts";
import { executionOf } from "../../engine/execution/execution.ts";
import { Flow } from "../../flow.ts";
import { hasEnded } from "../../job/job.ts";
import type { StartedJob } from "../../job_handle.ts";
import type { JobClaim } from "../../ports/store.ts";
import type { Registry } from "../../values/registry.ts";
import { manualIds } from "../manual_ids.ts";
import { AdoptionWatch } from "./adoption_watch.ts";
import { checkLost } from "./check_lost.ts";
import { checkReadable } from "./check_readable.ts";
import { DirectCalls } from "./direct_calls.ts";
import { ProcessClock } from "./fleet_clock.ts";
import { PartialRegistry } from "./partial_registry.ts";
import { FleetHandlers } from "./fleet_handlers.ts";
import { inputOf } from "./handler_calls.ts";
import type { FleetAsk, ProcessTraits } from "./fleet_ask.ts";
import type { FleetJob } from "./fleet_options.ts";
import type { JobLedger } from "./job_ledger.ts";
import { ANSWER_TIMEOUT_MS, type FleetStage, LEASE_MS, MAX_RECOVERIES } from "./fleet_stage.ts";
import { KeptClaims } from "./kept_claims.ts";
import { entryIn, slotIn } from "./next_names.ts";
import { openProcessStore } from "./process_store.ts";

/** A job of a process. */
interface ProcessJob {
  readonly flow: Flow;
  readonly job: JobState;
  /** The life of one that was opened. */
  readonly life?: JobLedger | undefined;
}

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
  /** The jobs that were started, taken or opened here, with their flows. */
  readonly jobs: Map<string, ProcessJob> = new Map();
  /** What was asked for by methods of flows. */
  readonly directCalls: DirectCalls = new DirectCalls();
  readonly #kept: KeptClaims = new KeptClaims();
  readonly #adoptions: AdoptionWatch;
  readonly #stage: FleetStage;
  readonly #engine: Engine;
  readonly #host: EngineHost;
  readonly #registry: Registry;
  /** How many jobs it takes up at a time. */
  readonly #recovery: { readonly limit?: number };
  /** The flows by their ids; `undefined` for one that it cannot build. */
  readonly #flows: Map<string, Flow | undefined> = new Map();
  /** How many ends of jobs were over, by the store, when they were last seen here before their ends. */
  readonly #ends: WeakMap<JobState, number> = new WeakMap();

  /** Starts a process. */
  constructor(stage: FleetStage, { number, name, offsetMs, takesOver, isStranger, isNext }: ProcessTraits) {
    this.#stage = stage;
    this.isNext = isNext;
    this.takesOver = takesOver;
    this.isStranger = isStranger;
    this.number = number;
    this.name = name;
    const { settings, settings: { queues }, random } = stage;
    this.clock = new ProcessClock(stage.clock, offsetMs);
    const session = () => this.#host.store?.session;
    this.#adoptions = new AdoptionWatch(stage, { number, clock: this.clock, kept: this.#kept, session });
    this.#registry = isStranger ? new PartialRegistry(settings.registry, random) : settings.registry;
    this.#engine = new Engine({
      timers: this.clock,
      ids: manualIds(`${name}.${number}`),
      observer: (event) => {
        if (event.type === "lost") this.directCalls.refused(event.jobId);
        if (event.type === "lost") this.#check(() => checkLost(this, event, this.#claimOf(event.jobId), stage.ledger));
        if (event.type === "command_error") this.directCalls.refused(event.jobId, event.key);
        if (event.type === "refused") this.#check(() => checkReadable(this, event));
        if (event.type === "replaced") this.#check(() => stage.ledger.leases.replaced(number, event.owner));
      },
      registry: this.#registry,
      store: openProcessStore(stage, this.clock, number, this.#kept),
      durability: {
        owner: name,
        leaseMs: LEASE_MS,
        maxRecoveries: MAX_RECOVERIES,
        takeOver: takesOver ? "at once" : "after lease",
        commandPollMs: 500,
        answerTimeoutMs: ANSWER_TIMEOUT_MS,
        ...stage.durability,
      },
      ...(settings.services === undefined ? {} : { services: settings.services({ timers: this.clock, random }) }),
    });
    this.#host = hostOf(this.#engine, "Cannot simulate");
    this.#host.director = new FleetHandlers({
      clock: this.clock,
      random,
      handlerMs: settings.handlerMs * (stage.focus.handlersTake ?? 1),
      starts: (activation) => this.#starts(activation),
    });
    const clock = offsetMs === 0 ? "" : `, clock off by ${offsetMs} ms`;
    const traits = `${takesOver ? ", takes over at once" : ""}${isStranger ? ", without all classes" : ""}`;
    const next = isNext ? ", with the next versions" : "";
    stage.trace.add(() => `process ${number} starts as ${name}${clock}${traits}${next}`);
    this.#recovery = stage.focus.recovers !== true && random.chance(0.3) ? { limit: 1 } : {};
    if ((stage.focus.recovers !== true && random.chance(0.6)) || queues.length > 0) {
      const options = { pollMs: POLL_MS, idleMs: random.chance(0.5) ? 1_000 : 5_000, drainMs: 1_000 };
      const limits = queues.length > 0 && { queues: [...queues, "default"] };
      this.#engine.work({ ...options, ...limits, concurrency: 1 + random.integer(6) });
    } else this.#poll();
    if (stage.versions.size > 0 && !isStranger && random.chance(0.5)) this.#adoptWhatIsTaken();
  }

  /** Moves what is taken here to the versions that this process has, whichever of its workers takes it. */
  #adoptWhatIsTaken(): void {
    const { settings: { queues, onChange = "adopt" }, versions } = this.#stage;
    const flows = Array.from(versions.keys(), (id) => this.#flow(id));
    const limits = queues.length > 0 && { queues: [...queues, "default"] };
    this.#engine.work({ flows, onChange, pollMs: POLL_MS, idleMs: 1_000, drainMs: 1_000, ...limits });
  }

  /** Moves a job to the next version of its flow. */
  async adopt(jobId: string, flowId: string): Promise<void> {
    const { options = {} } = this.#stage.names.get(flowId) ?? {};
    await this.#adoptions.watch(jobId, () => this.#flow(flowId).handle(jobId).adopt(options));
  }

  /** The ids of the jobs that it keeps. */
  get liveIds(): readonly string[] {
    return [...this.#host.store?.session.liveIds ?? []];
  }

  /** Whether it can be asked for something now. */
  get isThere(): boolean {
    return !this.clock.isGone && !this.clock.isHeld && !this.isStopping;
  }

  /** Whether it can build a flow, as far as that is one of those that the fleet starts. */
  knows(id: string): boolean {
    if (!this.#flows.has(id)) this.#flows.set(id, this.#build(id));
    return this.#flows.get(id) !== undefined;
  }

  /** Starts a job that runs here. */
  execute(jobId: string, { flow: { id }, entry, params = {}, deadlineMs }: FleetJob): void {
    const flow = this.#flow(id);
    const job = flow.execute(entryIn(flow, entry, this.#stage.names), params as never, { jobId, deadlineMs });
    this.#follow(flow, job);
  }

  /** Stores a job, for whoever takes it. */
  start(
    jobId: string,
    { flow: { id }, entry, params = {}, queue, deadlineMs }: FleetJob,
    inMs: number,
  ): Promise<StartedJob> {
    const flow = this.#flow(id);
    const at = inMs === 0 ? undefined : this.clock.now() + inMs;
    return flow.start(entryIn(flow, entry, this.#stage.names), params as never, { jobId, at, queue, deadlineMs });
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
    const { flow, job, life: opened } = this.jobs.get(jobId) ?? {};
    if (flow === undefined || job === undefined) return this.#open(jobId, asked);
    const { ledger } = this.#stage;
    const known = this.#claimOf(jobId)?.life;
    const life = known === undefined ? ledger.lifeOfClaim(this.number, jobId) ?? opened : ledger.lives.get(known);
    // Who waits later hears the same.
    this.#follow(flow, job);
    switch (asked.type) {
      case "deliver": {
        const { routine, slot } = slotIn(flow, asked, this.#stage.names);
        const present = life?.present(asked) ?? { routine, slot };
        // The methods of a flow know the names of its own version only, and a handle those of the job's.
        if (routine !== present.routine || slot !== present.slot) return;
        return this.directCalls.make(asked, life, () => flow.deliver(job, routine, slot, asked.data));
      }
      case "pause":
        return ignoreRejection(flow.pause(job, { graceMs: asked.graceMs }));
      case "cancel":
        return this.directCalls.make(asked, life, () => flow.cancel(job));
      case "discard":
        return flow.discard(job, asked.failures);
      default:
        if (this.#stage.settings.queues.length > 0) return;
        if (asked.type === "redrive") flow.resume(job, { redrive: asked.failures ?? true });
        else {
          flow.resume(job);
          ledger.lifeOf(jobId)?.resumed(this.number);
        }
        return this.#follow(flow, job);
    }
  }

  /**
   * Checks that what was called here for jobs that this process no longer has was carried out, or refused.
   *
   * @throws {FleetViolation} when something was dropped
   */
  checkCalls(): void {
    if (this.clock.isGone || this.isStopping) return;
    const { lives } = this.#stage.ledger;
    const { session } = this.#host.store ?? {};
    const has = ({ claim, jobId }: JobLedger) =>
      claim?.process === this.number || session?.liveJob(jobId) !== undefined;
    this.directCalls.check(this.number, (life) => !lives.has(life.life) || has(life));
  }

  /** Opens a job that may be anywhere, and then calls the method. */
  #open(jobId: string, asked: FleetAsk): void {
    const opened = this.#engine.open(jobId).then((found) => {
      if (!this.isThere) return;
      this.jobs.set(jobId, { ...found, life: this.#stage.ledger.lifeOf(jobId) });
      this.direct(jobId, asked);
    });
    opened.catch((error: unknown) => this.#stage.fail(error));
  }

  /** Takes up jobs that are due: all, or one. */
  recover(): void {
    if (this.#stage.settings.queues.length > 0) return;
    const recovered = this.#engine.recover(this.#recovery).then(({ jobs }) => {
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
    const { jobId } = job;
    const { ledger } = this.#stage;
    if (this.jobs.get(jobId)?.job !== job) this.jobs.set(jobId, { flow, job });
    // A job that is being started shows the status that it will have.
    if (!hasEnded(jobOf(job).status)) this.#ends.set(job, ledger.pastEndsOf(jobId));
    const before = this.#ends.get(job) ?? -1;
    const ended = flow.waitForCompletion(job).then((isOver) => {
      if (!isOver || this.clock.isGone) return;
      ledger.toldEnded(this.number, jobId, before);
      this.#ends.delete(job);
    }, (error: unknown) => {
      if (!this.clock.isGone) ledger.toldError(this.number, jobId, error);
    });
    ended.catch((error: unknown) => this.#stage.fail(error));
  }

  #flow(id: string): Flow {
    const flow = this.knows(id) ? this.#flows.get(id) : undefined;
    if (flow === undefined) throw new TypeError(`Process ${this.number} cannot build the flow ${id}`);
    return flow;
  }

  #build(id: string): Flow | undefined {
    const { flows, versions } = this.#stage;
    const text = (this.isNext ? versions.get(id) : undefined) ?? flows.get(id);
    if (text === undefined) return undefined;
    if (!this.isStranger) return Flow.fromJSON(JSON.parse(text), this.#registry, { engine: this.#engine });
    try {
      return Flow.fromJSON(JSON.parse(text), this.#registry, { engine: this.#engine });
    } catch {
      return undefined;
    }
  }

  /** The claim by which this process has a job, as far as it knows. */
  #claimOf(jobId: string): JobClaim | undefined {
    const session = this.#host.store?.session;
    const job = session?.liveJob(jobId);
    return job && session?.journals.get(job)?.claim;
  }

  #poll(): void {
    if (this.isStopping) return;
    this.recover();
    this.clock.after(POLL_MS + this.#stage.random.integer(POLL_MS), () => this.#poll());
  }

  #starts(activation: Activation): () => void {
    const { ledger, trace, clock } = this.#stage;
    const { jobId, task } = activation;
    const job = this.#host.store?.session.liveJob(jobId);
    const version = job && executionOf(job)?.plan.graph.version;
    const input = inputOf(task, this.#stage.names.get(activation.flowId), version);
    const step = `${task.id}/${task.details?.step ?? 0}`;
    trace.add(() => `  process ${this.number} runs task ${step} of ${jobId}: ${input}`);
    try {
      const { idempotencyKey: key } = activation;
      const isAborted = () => activation.isAborted;
      const claim = this.#claimOf(jobId);
      const life = claim?.life;
      const at = this.clock.now() - this.clock.offsetMs;
      const handler = { process: this.number, jobId, life, version, task: task.id, step, key, input, isAborted, at };
      this.#kept.checkNewest(this.number, claim);
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

  #check(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#stage.fail(error);
    }
  }
}
