import { writeSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { Engine, type EngineEvent, StateError } from "../../mod.ts";
import type { Store } from "../../src/ports/mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv_store.ts";
import { postgresStore } from "../../src/stores/postgres_store.ts";
import { redisStore } from "../../src/stores/redis_store.ts";
import { sqliteStore } from "../../src/stores/sqlite_store.ts";
import { openTrace } from "./process_trace.ts";
import { tracedFlow, tracedRegistry } from "./traced_flow.ts";

// A process whose engine works on the jobs of a shared store, is asked for more by lines of JSON on its input, and answers by lines on
// its output. Its argument is a `ProcessSetup` as JSON.

/** The path of this script. */
export const WORKING_PROCESS: string = fileURLToPath(import.meta.url);

/** How a process is set up. */
export interface ProcessSetup {
  /** The number of the process, unique among all of a run. */
  readonly process: number;
  readonly store: "sqlite" | "deno_kv" | "postgres" | "redis";
  /** The path of the store; of a server its address, with the schema or the prefix behind `#`. */
  readonly place: string;
  /** The path of the trace. */
  readonly trace: string;
  readonly owner: string;
  readonly takeOver: "after lease" | "at once";
  readonly leaseMs: number;
}

/** What a process is asked. */
export type ProcessRequest =
  | { readonly call: "start"; readonly jobId: string }
  | {
    readonly call: "deliver";
    readonly jobId: string;
    readonly slot: "visit" | "finish";
    readonly n: number;
    readonly key: string;
  }
  | { readonly call: "pause" | "cancel" | "resume" | "redrive"; readonly jobId: string; readonly key: string }
  /** Reads the job's status, now or when it has ended or goes on again, or waits for its first output. */
  | { readonly call: "status" | "ended" | "redriven" | "begun"; readonly jobId: string }
  /** Blocks the event loop. */
  | { readonly call: "block"; readonly ms: number }
  /** Closes the engine: then the process ends. */
  | { readonly call: "close" };

/** A line of a process: `ready`, the beginning of a handler, or an answer. */
export interface ProcessLine {
  /** The number of the request that is answered. */
  readonly id?: number;
  readonly value?: unknown;
  /** Why it was refused, if it was; `reason` is that of a `StateError`. */
  readonly error?: { readonly name: string; readonly message: string; readonly reason?: string | undefined };
}

/** Opens a store and returns how to close what is below it. */
export async function openPlace(kind: ProcessSetup["store"], place: string): Promise<[Store, () => unknown]> {
  if (kind === "sqlite") {
    const database = new DatabaseSync(place);
    // The processes die, the system does not.
    return [sqliteStore(database, { synchronous: "normal" }), () => database.close()];
  }
  if (kind === "postgres") {
    const [address = "", schema = ""] = place.split("#");
    // Processes with other stores start without it.
    const { openPg } = await import("./postgres_clients.ts");
    const { client, close } = openPg(address);
    return [postgresStore(client, { schema }), close];
  }
  if (kind === "redis") {
    const [address = "", prefix = ""] = place.split("#");
    const { openIoRedis } = await import("./redis_clients.ts");
    const { client, close } = openIoRedis(address);
    return [redisStore(client, { prefix }), close];
  }
  const kv = await Deno.openKv(place);
  return [denoKvStore(kv), () => kv.close()];
}

/** The events that are noted in the trace. */
const NOTED: ReadonlySet<string> = new Set<EngineEvent["type"]>([
  ...["command_error", "lost", "replaced", "refused", "store_error", "engine_error", "callback_error"] as const,
]);

function tell(line: ProcessLine): void {
  writeSync(1, new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}

async function work({ process: number, store: kind, place, trace: path, owner, takeOver, leaseMs }: ProcessSetup) {
  const trace = openTrace(path);
  const [store, closePlace] = await openPlace(kind, place);
  let incarnation = 0;
  const noteLease = (of: number, until: number) => trace({ kind: "lease", process: number, incarnation: of, until });
  const noted: Store = {
    ...store,
    async enter(options) {
      const until = Date.now() + options.leaseMs;
      const answer = await store.enter(options);
      if (answer.incarnation !== undefined) noteLease(incarnation = answer.incarnation, until);
      return answer;
    },
    async renew(of, ms, now) {
      const until = Date.now() + ms;
      const answer = await store.renew(of, ms, now);
      if (answer.isHeld) noteLease(of.incarnation, until);
      return answer;
    },
    async leave(of) {
      noteLease(of.incarnation, 0);
      await store.leave(of);
    },
  };
  const registry = tracedRegistry({
    process: number,
    incarnation: () => incarnation,
    trace(line) {
      trace(line);
      if (line.kind === "begin") tell({});
    },
  });
  const engine = new Engine({
    registry,
    store: noted,
    durability: {
      ...{ owner, takeOver, leaseMs, commandPollMs: 100, snapshotLength: Infinity, maxRecoveries: Infinity },
    },
    observer(event) {
      if (!NOTED.has(event.type)) return;
      trace({
        kind: "told",
        process: number,
        type: event.type,
        jobId: "jobId" in event ? event.jobId : undefined,
        key: "key" in event ? event.key : undefined,
        error: "error" in event ? String(event.error) : undefined,
      });
    },
  });
  const flow = tracedFlow(registry, engine);
  engine.work({ concurrency: 20, pollMs: 100, idleMs: 150, drainMs: 1_000 });

  const carryOut = async (request: ProcessRequest): Promise<unknown> => {
    switch (request.call) {
      case "block":
        return void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, request.ms);
      case "close":
        await engine.close();
        return void await closePlace();
      case "start":
        return (await flow.start("desk", {}, { jobId: request.jobId })).isNew;
    }
    const handle = flow.handle(request.jobId);
    switch (request.call) {
      case "status":
        return (await handle.read()).status;
      case "ended":
        return (await handle.ended()).status;
      case "redriven":
        while ((await handle.read()).status === "cancelled") await new Promise((resolve) => setTimeout(resolve, 20));
        return;
      case "begun":
        for await (const { type } of handle.outputs()) return type;
        throw new Error(`${request.jobId} has ended before it began`);
      case "deliver": {
        const { slot, n, key } = request;
        return await handle.deliver({ routine: "desk", slot }, { n }, { key });
      }
      case "pause":
      case "cancel":
        return await handle[request.call]({ key: request.key, reason: request.key });
      default:
        return await handle[request.call]({ key: request.key });
    }
  };

  let isClosed = false;
  const input = createInterface({ input: process.stdin });
  input.on("line", async (line) => {
    const { id, ...request }: { id: number } & ProcessRequest = JSON.parse(line);
    try {
      tell({ id, value: await carryOut(request) });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      tell({ id, error: { name, message, reason: error instanceof StateError ? error.reason : undefined } });
    }
    if (request.call !== "close") return;
    isClosed = true;
    input.close();
  });
  // Whoever has asked is gone; after `close`, nothing is left that keeps the process alive.
  input.on("close", () => isClosed || process.exit(1));
  tell({ value: "ready" });
}

const [script = "", setup] = process.argv.slice(1);
if (script === WORKING_PROCESS && setup !== undefined) await work(JSON.parse(setup));
