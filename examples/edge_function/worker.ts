import { type Context, Engine, Flow, JobState, PreflightError, Registry, Routine } from "@routilux/routilux";

// A job that takes longer than an edge function may run. Each request works on it for as long as its time budget
// allows, then returns the job's snapshot; posting the snapshot continues the job, here or elsewhere.
//
//   POST {"below": 300000}    starts a job; answers 202 with {"job": …} if the job is unfinished, 200 with the result
//   POST {"job": …}           continues the job
//   ?budgetMs=20              the time budget; the default is 50 ms

/** The number below a limit with the longest Collatz sequence, and the length of that sequence. */
interface Best {
  readonly number: number;
  readonly length: number;
}
interface Progress extends Best {
  readonly next: number;
}

/** Searches for that number. The job can be stopped and resumed at each `yield`. */
class Search extends Routine {
  readonly trigger = this.addSlot("trigger", this.search);

  *search({ below }: { below: number }, ctx: Context<Progress>): Generator<Progress, void, void> {
    let { next, number, length } = ctx.progress ?? { next: 1, number: 0, length: 0 };
    while (next < below) {
      for (const end = Math.min(next + 10, below); next < end; next++) {
        const found = collatzLength(next);
        if (found > length) [number, length] = [next, found];
      }
      yield { next, number, length };
    }
    ctx.output("best", { number, length } satisfies Best);
  }
}

const registry = new Registry({ Search });

export default {
  /** Answers a request. Uses only web standard APIs, and keeps nothing between requests. */
  async fetch(request: Request): Promise<Response> {
    if (request.method !== "POST") return refusal(405, "expected POST");
    const budgetMs = Number(new URL(request.url).searchParams.get("budgetMs") ?? 50);
    if (!(budgetMs > 0 && budgetMs <= 1_000)) return refusal(400, "budgetMs must be above 0 and at most 1000");
    try {
      return await work(await request.json(), budgetMs);
    } catch (error) {
      if (error instanceof SyntaxError) return refusal(400, "the body is no JSON");
      if (error instanceof PreflightError) return refusal(422, error.message);
      if (error instanceof Error) return refusal(400, error.message);
      throw error;
    }
  },
};

async function work(body: unknown, budgetMs: number): Promise<Response> {
  const flow = new Flow({ id: "collatz", registry, engine: new Engine() });
  const search = flow.addRoutine(new Search(), "search");

  const job = readJob(body) ?? flow.create(search.trigger, { below: readLimit(body) });
  flow.resume(job);
  const { nextDueAt } = await flow.settle(job, { timeoutMs: budgetMs });
  if (job.status === "running") {
    await flow.pause(job, { graceMs: 0 });
    return Response.json({ status: job.status, nextDueAt, job }, { status: 202 });
  }
  return Response.json({ status: job.status, result: job.outputLog[0]?.data, error: job.error });
}

function readJob(body: unknown): JobState | undefined {
  const isJob = typeof body === "object" && body !== null && "job" in body;
  return isJob ? JobState.fromJSON(body.job, registry) : undefined;
}

function readLimit(body: unknown): number {
  const below: unknown = typeof body === "object" && body !== null && "below" in body ? body.below : undefined;
  if (typeof below === "number" && Number.isInteger(below) && below > 1 && below <= 1_000_000) return below;
  throw new RangeError("expected a job, or an integer below, from 2 to 1000000");
}

function refusal(status: number, error: string): Response {
  return Response.json({ error }, { status });
}

function collatzLength(start: number): number {
  let length = 1;
  for (let n = start; n > 1; n = n % 2 === 0 ? n / 2 : 3 * n + 1) length++;
  return length;
}
