/**
 * A store in Redis, for any number of processes.
 *
 * @module
 */
import { FencedError } from "../base/errors.ts";
import { checkOptions, checkWord } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import { hashText } from "../base/text_hash.ts";
import type { Store } from "../ports/store.ts";
import { appendArguments, filterArguments, jobArguments, sendAnswerOf } from "./redis_store/arguments.ts";
import { commandsOf, type RedisClient } from "./redis_store/client.ts";
import { countJobs, listJobs, purgeJobs } from "./redis_store/jobs.ts";
import { Notices } from "./redis_store/notices.ts";
import { enter, leave, renew } from "./redis_store/owners.ts";
import { permitIn } from "./redis_store/permits.ts";
import { toCommands, toRecord, toStoredJob, toTaken } from "./redis_store/records.ts";
import { type Clock, Script } from "./redis_store/script.ts";
import { itemsOf, numberOf, optional, optionalNumber, type Reply, textOf, toWire } from "./redis_store/values.ts";

export type { IoRedis, IoRedisConnection, NodeRedis, NodeRedisConnection, RedisClient } from "./redis_store/client.ts";

/** Options of a Redis store. */
export interface RedisStoreOptions {
  /** What all keys begin with, in braces: 1 to 100 letters, digits and `_ - . : /`. @default {"routilux"} */
  readonly prefix?: string;
  /**
   * By which clock leases end and jobs are due: that of the server, or those of the engines. The latter is for tests, which say
   * themselves what time it is. @default {"server"}
   */
  readonly clock?: "server" | "callers";
}

const PREFIX = /^[\w.:/-]{1,100}$/;

/**
 * A store in Redis, 7 or newer, for any number of processes. The client is passed in: that of the package `redis` (`createClient`,
 * `createCluster`, connected) or that of `ioredis` (`Redis`, `Cluster`). The store does not close it: close the store first, then the client.
 *
 * Guarantees: each call is one script, so it is atomic. Leases and due times go by the server's clock. A write that the client sends
 * twice, because it has lost the answer, counts once. `watch` tells what other processes do, by a connection of its own (a duplicate of the
 * client); while that is lost, engines ask at intervals. **How durable an answered write is, the server's configuration says:**
 *
 * | configuration | an answered write survives |
 * | --- | --- |
 * | `appendonly yes`, `appendfsync always` | the end of the server, `kill -9` and a loss of power included, if the disk flushes reliably |
 * | `appendonly yes`, `appendfsync everysec` (Redis's default for the log) | an orderly end; a loss of power, a crash of the machine, or a `kill -9` while the disk is slow costs up to two seconds |
 * | `appendonly yes`, `appendfsync no` | an orderly end; else what the operating system had not written, half a minute or so |
 * | snapshots only (Redis's default), or nothing | an orderly end if snapshots are on; else all since the last snapshot, or everything |
 * | a replica that takes over | what had reached it: replication is asynchronous, whatever `appendfsync` says |
 *
 * What is lost is the newest: jobs are intact, and go on from an earlier state. So steps that were answered may run again, and what
 * `start`, `deliver` and other calls had promised may be gone; while an engine that was told of the lost claims still runs, it and
 * another one may have the same job. The promises of durable jobs hold with `appendfsync always` and without a failover.
 *
 * Redis keeps all of it in memory: about 1 KiB for a job beside its documents and entries; jobs with one flow share its document. A server
 * that is full refuses writes, and nothing is half written then. One whose `maxmemory-policy` lets it delete any key (`allkeys-…`) is refused when
 * the store is opened, as far as it may be asked: use `noeviction`. `list` and `count` with a filter look at all jobs, some hundred by each
 * call. All keys of a store are on one server of a cluster; stores with other prefixes may be on others. Queues, flows and priorities may be many,
 * but `take` looks at each combination that has jobs.
 *
 * @throws {TypeError} when the client or an option is not what it should be
 *
 * @example
 * ```ts ignore
 * import { createClient } from "redis"; // or: import { Redis } from "ioredis"
 * import { Engine } from "@routilux/routilux";
 * import { redisStore } from "@routilux/routilux/stores/redis";
 *
 * const client = await createClient({ url: "redis://localhost" }).connect();
 * const engine = new Engine({ store: redisStore(client) });
 * engine.work();
 * ```
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  const action = "Cannot open the Redis store";
  checkOptions(action, options, { prefix: true, clock: true });
  const { prefix = "routilux", clock = "server" } = options;
  checkWord(action, "clock", clock, ["server", "callers"] satisfies Clock[]);
  if (typeof prefix !== "string" || !PREFIX.test(prefix)) {
    throw new TypeError(
      `${action}: prefix must have 1 to 100 letters, digits and _ - . : /, got ${describeValue(prefix)}`,
    );
  }
  checkClient(action, client);
  const commands = commandsOf(client);
  const script = new Script(commands, prefix, clock);
  const notices = new Notices(script, commands);
  let calls = 0;

  /** Runs an operation whose answer is converted. */
  const ask = <T>(operation: string, now: number | undefined, args: readonly string[], convert: (reply: Reply) => T) =>
    script.call(async () => convert(await script.run(operation, now, ...args)));
  /** Runs one that may have no answer. */
  const find = <T>(operation: string, args: readonly string[], convert: (reply: Reply) => T) =>
    ask(operation, undefined, args, (reply) => reply === null ? undefined : convert(reply));

  return {
    create: (jobs) =>
      script.call(() =>
        Promise.all(jobs.map(async (job) => {
          const [isNew, record, due] = itemsOf(await script.run("create", job.createdAt, ...jobArguments(job)));
          notices.tell(due);
          return { isNew: isNew === "1", record: toRecord(record) };
        }))
      ),
    find: (jobId) => find("find", [toWire(jobId)], toRecord),
    load: (jobId) => find("load", [toWire(jobId)], toStoredJob),
    append(claim, expectedRevision, entries, head) {
      const { jobId } = claim;
      if (entries.length === 0 && head === undefined) {
        throw new RangeError(`Cannot append to job "${jobId}": there must be at least one entry, or a head`);
      }
      // The number is the same when the client sends it again.
      const args = appendArguments(claim, expectedRevision, `${script.from} ${++calls}`, entries, head);
      return ask("append", head?.at, args, (reply) => {
        const [answer, ...more] = itemsOf(reply);
        if (answer === "fenced") throw new FencedError(jobId, expectedRevision, optionalNumber(more[0]));
        notices.tell(...more);
        return answer === "unread" ? "unread" : "stored";
      });
    },
    compact: ({ jobId, life }, revision, snapshot) =>
      ask("compact", undefined, [toWire(jobId), String(life), String(revision), toWire(snapshot)], () => {}),
    replaceFlow({ jobId, life, epoch }, expectedRevision, { flow, flowHash, snapshot }) {
      const claim = [toWire(jobId), ...[life, epoch, expectedRevision].map(String)];
      return ask("replace_flow", undefined, [...claim, ...[flow, flowHash, snapshot].map(toWire)], (reply) => {
        const [answer, revision] = itemsOf(reply);
        if (answer === "fenced") throw new FencedError(jobId, expectedRevision, optionalNumber(revision));
      });
    },
    send({ jobId, life }, { key, text, reopens, now, keyRetentionMs, room }) {
      const command = [
        toWire(key),
        hashText(text),
        toWire(text),
        reopens ? "1" : "0",
        String(room),
        String(keyRetentionMs),
      ];
      return ask("send", now, [toWire(jobId), ...optional(life), ...command], (reply) => {
        const [answer, event] = itemsOf(reply);
        notices.tell(event);
        return sendAnswerOf(answer);
      });
    },
    outcome: ({ jobId, life }, key) =>
      find("outcome", [toWire(jobId), ...optional(life), toWire(key)], (reply) => {
        const [status, reason] = itemsOf(reply);
        if (status === "refused") return { status, reason: textOf(reason) };
        return { status: status === "done" ? "done" : "stored" };
      }),
    inbox: ({ jobId, life }, after, now) =>
      ask("inbox", now, [toWire(jobId), String(life), String(after)], (reply) => {
        const [time, commands] = itemsOf(reply);
        return { now: numberOf(time), commands: toCommands(commands) };
      }),
    commands: ({ owner, incarnation }, now) =>
      ask("commands", now, [toWire(owner), String(incarnation)], (reply) => {
        const [time, jobs] = itemsOf(reply);
        return {
          now: numberOf(time),
          jobs: itemsOf(jobs).map(itemsOf).map(([jobId, life, commands]) => ({
            jobId: textOf(jobId),
            life: numberOf(life),
            commands: toCommands(commands),
          })),
        };
      }),
    enter: (query) => script.call(() => enter(script, query)),
    renew: (owner, leaseMs, now) => script.call(() => renew(script, owner, leaseMs, now)),
    leave: (owner) => script.call(() => leave(script, owner)),
    held: ({ owner, incarnation }) =>
      ask(
        "held",
        undefined,
        [toWire(owner), String(incarnation)],
        (reply) =>
          itemsOf(reply).map(itemsOf).map(([jobId, life, epoch]) => ({
            jobId: textOf(jobId),
            life: numberOf(life),
            epoch: numberOf(epoch),
          })),
      ),
    take(query) {
      const { owner, incarnation, limit, now, permit } = query;
      const by = [...optional(permit?.queue), String(permit?.call)];
      const args = [toWire(owner), String(incarnation), String(limit), ...by, ...filterArguments(query)];
      return ask("take", now, args, toTaken);
    },
    claim({ owner, incarnation, now, jobs }) {
      const list = jobs.flatMap(({ jobId, life, epoch }) => [toWire(jobId), String(life), String(epoch)]);
      return ask("claim", now, [toWire(owner), String(incarnation), String(jobs.length), ...list], toTaken);
    },
    nextDueAt: (query) =>
      ask("next_due", query.now, [...filterArguments(query), ...optional(query.exceptIncarnation)], (reply) => {
        const [now, at] = itemsOf(reply).map(optionalNumber);
        return at === undefined ? undefined : script.toCaller(at, now ?? at, query.now);
      }),
    permit: (query) => script.call(() => permitIn(script, notices, query)),
    watch: (onEvent) => notices.watch(onEvent),
    ...(clock === "server" && { time: () => ask("time", undefined, [], numberOf) }),
    list: (query = {}) => script.call(() => listJobs(script, query)),
    count: (filter = {}) => script.call(() => countJobs(script, filter)),
    delete: ({ jobId, life }) => ask("delete", undefined, [toWire(jobId), String(life)], (reply) => reply === "1"),
    purge: (query) => script.call(() => purgeJobs(script, query)),
    async close() {
      await script.close();
      notices.close();
    },
  };
}

function checkClient(action: string, client: RedisClient): void {
  const isOne = typeof client === "object" && client !== null && ("evalSha" in client || "evalsha" in client);
  if (isOne) return;
  throw new TypeError(
    `${action}: the client must be one of the package "redis" or "ioredis", got ${describeValue(client)}`,
  );
}
