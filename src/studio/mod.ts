/**
 * A page to look at the jobs of a store and to steer them, and an API underneath: as a function from `Request` to `Response`, for any
 * server in any runtime.
 *
 * Pages are made on the server, and work without script. Nobody gets in who is not let in by `authorize`; without one, only who asks
 * under a name of this machine does.
 *
 * @example
 * ```ts
 * import { Engine, Registry } from "@routilux/routilux";
 * import { studio } from "@routilux/routilux/studio";
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 *
 * const engine = new Engine({ store: memoryStore(), registry: new Registry() });
 * const answer = studio(engine); // Deno.serve({ hostname: "127.0.0.1", port: 8000 }, answer)
 *
 * const response = await answer(new Request("http://localhost:8000/api/counts"));
 * (await response.json()).total; // 0
 * await engine.close();
 * ```
 *
 * @module
 */
export type { StudioAccess } from "./access.ts";
export { nodeListener, type NodeRequest, type NodeResponse } from "./node_listener.ts";
export { studio, type StudioOptions } from "./studio.ts";
