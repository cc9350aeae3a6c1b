import { Cluster, Redis } from "ioredis";
import { createClient, createCluster } from "redis";
import { type RedisClient, redisStore } from "../../src/stores/redis_store.ts";
import type { StorePlace } from "../../src/testing/store_contract.ts";

/** A client, and how to end it. */
export interface OpenRedis {
  readonly client: RedisClient;
  close(): void;
}

/** Opens a client of the package `redis`. */
export async function openNodeRedis(url: string): Promise<OpenRedis> {
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  return { client, close: () => client.destroy() };
}

/** Opens a client of the package `ioredis`. */
export function openIoRedis(url: string): OpenRedis {
  const client = new Redis(url);
  client.on("error", () => {});
  return { client, close: () => client.disconnect() };
}

/** Opens a client of the package `redis` for a cluster. */
export async function openNodeRedisCluster(url: string): Promise<OpenRedis> {
  const client = createCluster({ rootNodes: [{ url }] });
  client.on("error", () => {});
  await client.connect();
  return { client, close: () => client.destroy() };
}

/** Opens a client of the package `ioredis` for a cluster. */
export function openIoRedisCluster(url: string): OpenRedis {
  const client = new Cluster([url]);
  client.on("error", () => {});
  return { client, close: () => client.disconnect() };
}

let places = 0;

/** A place of its own on a server, whose handles share a client, and go by the time of their callers, or by the server's. */
export function redisPlace(client: RedisClient, name: string, clock: "callers" | "server" = "callers"): StorePlace {
  const prefix = `${name}-${++places}`;
  return { open: () => redisStore(client, { prefix, clock }) };
}
