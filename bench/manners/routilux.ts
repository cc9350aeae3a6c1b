import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Context, Engine, Flow, Registry, Routine } from "@routilux/routilux";
import type { Counted } from "../harness/payload.ts";
import { expectEqual, type Figures, runProgram } from "../harness/program.ts";
import { quantile } from "../harness/statistics.ts";

// A process with a server and a timer, while a job that never waits is running.

const CLIENT = fileURLToPath(new URL("client.ts", import.meta.url));
const TIMER_MS = 1;

let isOver = false;

/** Sends its item to itself until the measurement ends. */
class Endless extends Routine {
  readonly trigger = this.addSlot("trigger", this.turn);
  readonly input = this.addSlot("input", this.turn);
  readonly output = this.addEvent<Counted>("output");
  turn({ v = 0 }: Partial<Counted>, ctx: Context): void {
    if (isOver) ctx.output("turns", v);
    else ctx.emit(this.output, { v: v + 1 });
  }
}

/** Starts the job, and returns a function that ends it and returns the number of activations. */
function startJob(sliceMs: number): () => Promise<number> {
  isOver = false;
  const flow = new Flow({ id: "endless", registry: new Registry({ Endless }), engine: new Engine({ sliceMs }) });
  const endless = flow.addRoutine(new Endless(), "endless");
  flow.connect(endless.output, endless.input);
  const job = flow.execute(endless.trigger);
  return async () => {
    isOver = true;
    expectEqual("The job", await flow.waitForCompletion(job), true);
    return Number(job.outputLog[0]?.data);
  };
}

/** Starts a repeating timer, and returns a function that stops it and returns the delay of each call. */
function startTimer(): () => readonly number[] {
  const delays: number[] = [];
  let handle: ReturnType<typeof setTimeout>;
  const arm = (): void => {
    const start = performance.now();
    handle = setTimeout(() => {
      delays.push(performance.now() - start - TIMER_MS);
      arm();
    }, TIMER_MS);
  };
  arm();
  return () => {
    clearTimeout(handle);
    return delays;
  };
}

async function measureManners(requests: number, start: () => () => Promise<number>): Promise<Figures> {
  const server = createServer((_request, response) => response.end("served"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const stopTimer = startTimer();
  const stopJob = start();
  const begin = performance.now();
  const options = execPath.includes("deno") ? ["run", "-A", "--quiet"] : [];
  const { stdout } = await promisify(execFile)(execPath, [
    ...options,
    CLIENT,
    `http://127.0.0.1:${port}`,
    `${requests}`,
  ]);
  const delays = stopTimer();
  const seconds = (performance.now() - begin) / 1_000;
  const perSecond = (await stopJob()) / seconds;
  server.close();
  const latencies: readonly number[] = JSON.parse(stdout);
  expectEqual("The number of requests", latencies.length, requests);
  return {
    timerMs: quantile(delays, 0.5),
    timer99Ms: quantile(delays, 0.99),
    requestMs: quantile(latencies, 0.5),
    request99Ms: quantile(latencies, 0.99),
    perSecond,
  };
}

await runProgram({
  "idle": (requests) => measureManners(requests, () => async () => 0),
  "slices of 8 ms": (requests) => measureManners(requests, () => startJob(8)),
  "slices of 4 ms": (requests) => measureManners(requests, () => startJob(4)),
  "slices of 2 ms": (requests) => measureManners(requests, () => startJob(2)),
});
