import type { NodeRedis } from "../stores/redis_store.ts";
import { loadFor } from "./load_for.ts";
import type { OpenStore } from "./stores.ts";

/** What is used of the package `redis`. */
interface RedisModule {
  readonly createClient: (options: object) => NodeRedis & {
    on(event: "error", listener: () => void): unknown;
    connect(): Promise<unknown>;
    destroy(): void;
  };
}

/** Opens the store in a Redis server; `place` is its address after the first colon. */
export async function openRedis(place: string): Promise<OpenStore> {
  const name = "Deno" in globalThis ? "npm:redis@6" : "redis";
  const [{ createClient }, { redisStore }] = await Promise.all([
    loadFor<RedisModule>(name, "install the package: npm install redis@6"),
    import("../stores/redis_store.ts"),
  ]);
  // A command that cannot reach the server says so, and does not wait for it.
  const client = createClient({ url: `redis:${place}`, socket: { connectTimeout: 10_000, reconnectStrategy: false } });
  client.on("error", () => {}); // What fails says so itself; without a listener, the error would end the process.
  await client.connect();
  return { store: redisStore(client), close: () => client.destroy() };
}
