import { Engine, Flow, JobState } from "../../mod.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";
import { buildFlow, createRegistry } from "./relay_flow.ts";

const START = Date.UTC(2025, 0, 1);

/** A host that works on the job for a while; the text that it leaves is all that the next one needs. */
export class Runner {
  readonly #timers: ManualTimers;
  readonly #flow: Flow;
  readonly #job: JobState;

  private constructor(timers: ManualTimers, makeFlow: (engine: Engine) => Flow, makeJob: (flow: Flow) => JobState) {
    this.#timers = timers;
    this.#flow = makeFlow(new Engine({ timers, ids: manualIds() }));
    this.#job = makeJob(this.#flow);
  }

  /** The first host, which builds flow and job. */
  static first(): Runner {
    return new Runner(manualTimers(START), buildFlow, (flow) => flow.create("source", {}, { jobId: "relay-1" }));
  }

  /** A host that gets the text of another. */
  static next(text: string): Runner {
    const { flow, job, now } = JSON.parse(text);
    const registry = createRegistry();
    const runner = new Runner(
      manualTimers(now),
      (engine) => Flow.fromJSON(flow, registry, { engine }),
      () => JobState.fromJSON(job, registry),
    );
    if (runner.text() !== text) throw new Error(`The text has changed by reading it:\n${text}\n${runner.text()}`);
    return runner;
  }

  /** Everything, as text. */
  text(): string {
    return JSON.stringify({ flow: this.#flow, job: this.#job, now: this.#timers.now() });
  }

  /** Works until the job pauses itself, or for one step of the clock; when nothing else is left, brings the answer. */
  async work(): Promise<string> {
    const job = this.#flow.resume(this.#job);
    await this.#timers.flush();
    if (job.status === "running" && !await this.#advance()) {
      this.#flow.deliver(job, "asker", "answer", { isRight: true });
      await this.#timers.flush();
    }
    if (job.status === "running") await this.#flow.pause(job, { reason: "the next one's turn" });
    return this.text();
  }

  /** An awaited answer has a deadline, so that there is a timer as long as there is anything to do. */
  async #advance(): Promise<boolean> {
    const isWaiting = this.#job.pendingTasks.every(({ slot }) => slot !== "answer");
    return isWaiting && await this.#timers.advanceToNext();
  }
}

/** What a process does: it goes on from a text, or begins where that is empty. */
export function runLeg(text: string): Promise<string> {
  return (text === "" ? Runner.first() : Runner.next(text)).work();
}

/** Whether the job in a text has ended. */
export function hasEnded(text: string): boolean {
  return JSON.parse(text).job.status === "completed";
}

/** The texts of a job that is paused as often, but never moved. */
export async function stayInPlace(): Promise<string[]> {
  const runner = Runner.first();
  const texts = [await runner.work()];
  while (!hasEnded(texts.at(-1) ?? "")) texts.push(await runner.work());
  return texts;
}
