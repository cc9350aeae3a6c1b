import {
  Engine,
  type EngineEvent,
  Flow,
  JobState,
  PreflightError,
  type Registry,
  StateError,
  StepLimitError,
} from "../../mod.ts";
import { manualIds, type ManualTimers } from "../../src/testing/mod.ts";
import { checkAccounts } from "./accounts.ts";
import { type BoundedTimers, boundedTimers } from "./bounded_timers.ts";
import { normalJob } from "./normal_job.ts";
import { checkFindings, checkRefusal, demand, describe, parse } from "./refusal.ts";
import type { Trial } from "./campaign.ts";
import type { SpyRegistry } from "./spies.ts";

/** Where jobs of one flow are tried: the clock of all of them, the flow's document, and who knows its classes. */
export interface Host {
  readonly clock: ManualTimers;
  readonly flow: string;
  readonly registry: Registry;
  readonly spies: SpyRegistry;
}

/** Tries a mangled job: reads it, resumes it, lets it run, and looks for what is missing. */
export class JobTrial implements Trial {
  readonly #text: string;
  readonly #host: Host;
  readonly #timers: BoundedTimers;
  readonly #events: EngineEvent[] = [];
  #flow: Flow | undefined;
  #job: JobState | undefined;
  #before = "";

  constructor(text: string, host: Host) {
    this.#text = text;
    this.#host = host;
    this.#timers = boundedTimers(host.clock);
  }

  begin(): string | undefined {
    const parsed = parse(this.#text);
    if (parsed === undefined) return "no JSON";
    const job = this.#read(parsed.json);
    if (job === undefined) return "refused";
    this.#before = JSON.stringify(job);
    demand(normalJob(parsed.json) === normalJob(JSON.parse(this.#before)), `lost on the way: ${this.#before}`);
    this.#flow = this.#makeFlow();
    const findings = this.#flow.check(job);
    const refusal = this.#resume(this.#flow, job, findings.length);
    if (refusal instanceof PreflightError) {
      demand(JSON.stringify(refusal.findings) === JSON.stringify(findings), "check and resume find different things");
      checkFindings(refusal, parsed.json);
    }
    demand(refusal === undefined || JSON.stringify(job) === this.#before, "resume has refused, and changed, the job");
    if (refusal !== undefined) return refusal instanceof PreflightError ? "does not fit" : "has ended";
    this.#job = job;
    return undefined;
  }

  async end(): Promise<string> {
    const [flow, job] = [this.#flow, this.#job];
    demand(flow !== undefined && job !== undefined, "the job was not begun");
    demand(this.#timers.thrown.length === 0, `thrown into the host: ${this.#timers.thrown.map(describe)}`);
    const goesOn = job.status === "running";
    if (goesOn) await flow.pause(job, { graceMs: 0 });
    demand(!goesOn || ["paused", "failed"].includes(job.status), `the job does not come to rest: ${job.status}`);
    const text = JSON.stringify(job);
    const again = JobState.fromJSON(JSON.parse(text), this.#host.spies.registry);
    demand(JSON.stringify(again) === text, `what it has left is read as another job: ${text}`);
    demand(flow.check(again).length === 0, `what it has left does not fit its flow: ${text}`);
    checkAccounts(JSON.parse(this.#before), JSON.parse(text), this.#events);
    return goesOn ? "rests" : "ends";
  }

  #read(json: unknown): JobState | undefined {
    const { registry, calls } = this.#host.spies;
    const before = calls();
    let job: JobState | undefined;
    try {
      job = JobState.fromJSON(json, registry);
      JSON.stringify(job);
    } catch (error) {
      checkRefusal(error, "routilux/job", json);
    }
    demand(calls() === before, "reading has run code");
    return job;
  }

  #resume(flow: Flow, job: JobState, findings: number): PreflightError | StateError | StepLimitError | undefined {
    const hasEnded = ["completed", "failed", "cancelled"].includes(job.status);
    try {
      flow.resume(job, { redrive: hasEnded });
      demand(findings === 0, "it was resumed though it does not fit");
      return undefined;
    } catch (error) {
      if (error instanceof PreflightError) return error;
      const isRefusal = error instanceof StateError || error instanceof StepLimitError;
      demand(isRefusal && hasEnded, () => `not a typed error: ${describe(error)}`);
      return error;
    }
  }

  #makeFlow(): Flow {
    const engine = new Engine({
      timers: this.#timers,
      ids: manualIds(),
      observer: (event) => void this.#events.push(event),
    });
    return Flow.fromJSON(JSON.parse(this.#host.flow), this.#host.registry, { engine });
  }
}
