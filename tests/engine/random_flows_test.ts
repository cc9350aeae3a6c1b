import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Context, ErrorHandler, JobState, type JobStatus, Registry } from "../../mod.ts";
import { addAct, link } from "../support/act.ts";
import { type Random, seededRandom } from "../support/random.ts";
import { createWorld, type World } from "../support/world.ts";

type Kind = "sync" | "async" | "steps" | "generator" | "async generator";

/** A routine of a random flow. What it does depends on its data only, so that every host does the same. */
interface Node {
  readonly id: string;
  readonly kind: Kind;
  /** How many messages it emits for each it gets. */
  readonly fan: number;
  readonly to: readonly string[];
  /** The attempts that fail, of every third delivery. */
  readonly failures: number;
  readonly sleepMs: number;
}

function createNodes(random: Random): Node[] {
  const layers: string[][] = [["entry"]];
  for (let layer = 1; layer <= 1 + random.integer(3); layer++) {
    layers.push(Array.from({ length: 1 + random.integer(3) }, (_, n) => `n${layer}_${n}`));
  }
  return layers.flatMap((ids, layer) =>
    ids.map((id) => ({
      id,
      kind: random.pick<Kind>(["sync", "async", "steps", "generator", "async generator"]),
      fan: 1 + random.integer(3),
      to: (layers[layer + 1] ?? []).filter(() => random.chance(0.6)),
      failures: random.integer(3),
      sleepMs: random.integer(4),
    }))
  );
}

/** Everything that a message leads to. */
function trace(nodes: readonly Node[], id: string, path: string): string[] {
  const node = nodes.find((node) => node.id === id);
  const next = `${path}/${id}`;
  const messages = Array.from({ length: node?.fan ?? 0 }, (_, n) => `${next}.${n}`);
  return [next, ...messages.flatMap((message) => (node?.to ?? []).flatMap((to) => trace(nodes, to, message)))];
}

function createHost(nodes: readonly Node[], maxWorkers: number, highWater: number): World {
  const errorHandler = new ErrorHandler({ strategy: "retry", maxRetries: 2, retryDelayMs: 3, retryBackoff: 1 });
  const world = createWorld({ executionStrategy: "concurrent", maxWorkers, errorHandler, limits: { highWater } });
  const sleep = (ctx: Context, ms: number) =>
    new Promise<void>((resolve) => void world.timers.setTimer(ctx.now() + ms, resolve));
  for (const { id, kind, fan, failures, sleepMs } of nodes) {
    const send = (path: string, ctx: Context, n: number) => ctx.emit("output", `${path}/${id}.${n}`);
    const finish = (path: string, ctx: Context) => {
      if (path.length % 3 === 0 && ctx.attempt < failures) throw new Error("flaky");
      ctx.shared.update<string[]>("log", (old = []) => [...old, `${path}/${id}`]);
    };
    addAct(world.flow, id, (path: string, ctx) => {
      const from = Number(ctx.progress ?? 0);
      if (kind === "generator") {
        return function* () {
          for (let n = from; n < fan; n++) {
            send(path, ctx, n);
            yield n + 1;
          }
          finish(path, ctx);
        }();
      }
      if (kind === "async generator") {
        return async function* () {
          for (let n = from; n < fan; n++) {
            await sleep(ctx, sleepMs);
            send(path, ctx, n);
            yield n + 1;
          }
          finish(path, ctx);
        }();
      }
      if (kind === "sync") {
        for (let n = 0; n < fan; n++) send(path, ctx, n);
        return finish(path, ctx);
      }
      return (async () => {
        for (let n = from; n < fan; n++) {
          await sleep(ctx, sleepMs);
          send(path, ctx, n);
          if (kind === "steps") await ctx.checkpoint(n + 1);
        }
        finish(path, ctx);
      })();
    });
  }
  for (const { id, to } of nodes) link(world.flow, id, ...to);
  return world;
}

test("nothing is lost and nothing doubled in random flows, however often they are paused, moved and retried", async () => {
  const seed = 4711;
  const random = seededRandom(seed);
  for (let run = 0; run < 60; run++) {
    const nodes = createNodes(random);
    const [workers, highWater] = [1 + random.integer(4), 1 + random.integer(5)];
    const name = `seed ${seed}, run ${run}: ${workers} workers, highWater ${highWater}, ${JSON.stringify(nodes)}`;
    let world = createHost(nodes, workers, highWater);
    let job = world.flow.execute("entry", "");
    const is = (status: JobStatus) => job.status === status;
    let pauses = 0;
    for (let round = 0; is("running") && round < 2_000; round++) {
      await world.timers.advance(random.integer(4));
      if (!is("running") || pauses > 30 || random.chance(0.5)) continue;
      pauses++;
      const paused = world.flow.pause(job, { graceMs: random.integer(3) });
      await world.timers.advance(3);
      await paused;
      if (is("paused") && random.chance(0.5)) {
        job = JobState.fromJSON(JSON.parse(JSON.stringify(job)), new Registry());
        world = createHost(nodes, workers, highWater);
      }
      if (is("paused")) world.flow.resume(job);
    }
    assertEquals([job.status, job.pendingTasks, job.failures, job.error], ["completed", [], [], undefined], name);
    const log = job.sharedData.log;
    assertEquals(Array.isArray(log) && log.toSorted(), trace(nodes, "entry", "").toSorted(), name);
    assertEquals(job.pausePoints.length <= pauses, true, name);
  }
});
