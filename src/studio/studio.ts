import { checkOptions } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import type { Engine } from "../engine.ts";
import { Flow } from "../flow.ts";
import { authorizeLoopback, type StudioAccess } from "./access.ts";
import { StudioSite } from "./site.ts";
import { StudioHost } from "./studio_host.ts";

/** The options of `studio`. */
export interface StudioOptions {
  /**
   * Says what the sender of a request may do: `"none"`, `"read"` for looking, or `"act"` for steering jobs as well. An error lets nobody in.
   *
   * @default {whoever asks under a name of this machine (`localhost`, `127.0.0.1`, `[::1]`) and by no proxy may act, and nobody else
   * may do anything: a server without `authorize` must listen on the loopback address alone}
   */
  readonly authorize?: (request: Request) => StudioAccess | Promise<StudioAccess>;
  /** The path under which the studio stands, such as `"/studio"`. @default {""} */
  readonly basePath?: string;
  /**
   * Flows whose jobs can be started on the page although the store has no job of them yet. Of any engine: the jobs are stored by that
   * of the studio, whose registry must have the flows' classes.
   *
   * @default {only flows of which the store has a job}
   */
  readonly flows?: readonly Flow[];
}

/**
 * Makes the studio of an engine: pages and an API that show the jobs of its store, and steer them. It answers requests wherever there is
 * a server for them: `Deno.serve`, `Bun.serve`, workers, and Node by an adapter.
 *
 * It takes no job itself: what it asks of jobs is carried out by the workers of the store. It needs none of the classes of the flows,
 * except to start new jobs.
 *
 * @param engine an engine with a store and a registry, of a worker or of its own
 * @returns a function that answers requests; it never rejects
 * @throws {TypeError} for an engine without store or registry, and for an unknown option or one of the wrong kind
 *
 * @example
 * ```ts
 * import { Engine, Registry } from "@routilux/routilux";
 * import { studio } from "@routilux/routilux/studio";
 * import { memoryStore } from "@routilux/routilux/stores/memory";
 *
 * const engine = new Engine({ store: memoryStore(), registry: new Registry() });
 * const answer = studio(engine, {
 *   authorize: (request) => request.headers.get("x-team") === "operations" ? "act" : "none",
 * }); // Deno.serve({ hostname: "127.0.0.1", port: 8000 }, answer)
 *
 * const response = await answer(new Request("http://studio.example/", { headers: { "x-team": "operations" } }));
 * response.status; // 200
 * await engine.close();
 * ```
 */
export function studio(engine: Engine, options: StudioOptions = {}): (request: Request) => Promise<Response> {
  checkOptions("Cannot make a studio", options, { authorize: true, basePath: true, flows: true });
  const { authorize = authorizeLoopback, basePath = "", flows = [] } = options;
  if (typeof authorize !== "function") {
    throw new TypeError(`Cannot make a studio: authorize must be a function, got ${describeValue(authorize)}`);
  }
  if (typeof basePath !== "string" || !/^(?:\/[\w.~-]+)*$/.test(basePath) || /\/\.\.?(?:\/|$)/.test(basePath)) {
    throw new TypeError(
      `Cannot make a studio: basePath must be a path such as "/studio", or "", got ${describeValue(basePath)}`,
    );
  }
  if (!Array.isArray(flows) || !flows.every((it) => it instanceof Flow)) {
    throw new TypeError(`Cannot make a studio: flows must be a list of flows, got ${describeValue(flows)}`);
  }
  const site = new StudioSite(new StudioHost(engine, [...flows]), authorize, basePath);
  return (request) => site.answer(request);
}
