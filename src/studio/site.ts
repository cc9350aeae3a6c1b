import { groupBy } from "../base/group_by.ts";
import { accessOf, type Authorize, checkAct, TOKEN_FIELD, TOKEN_HEADER, tokenCookie, tokenOf } from "./access.ts";
import { apiRoutes } from "./api.ts";
import { ASSETS } from "./assets.ts";
import { type Fields, readForm } from "./body.ts";
import { ChangeStreams } from "./changes.ts";
import { type Failure, failureOf, RequestError } from "./failure.ts";
import { describeApi } from "./openapi.ts";
import { failurePage } from "./pages/failure_page.ts";
import { pageRoutes } from "./pages/page_routes.ts";
import { QueryReader } from "./queries.ts";
import type { Call, Route } from "./route.ts";
import type { StudioHost } from "./studio_host.ts";

/** The longest address. */
const MOST_CHARACTERS = 16_384;

/** What browsers are told with each answer. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // With less, browsers would not name the origin of an act.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "cache-control": "no-store",
};

/** The pages, the API and the files of one studio. */
export class StudioSite {
  readonly #host: StudioHost;
  readonly #authorize: Authorize;
  readonly #basePath: string;
  readonly #routes: ReadonlyMap<string, readonly Route[]>;
  readonly #description: object;

  /** Makes the site of an engine under a path. */
  constructor(host: StudioHost, authorize: Authorize, basePath: string) {
    const api = apiRoutes(new ChangeStreams(host));
    this.#host = host;
    this.#authorize = authorize;
    this.#basePath = basePath;
    this.#routes = groupBy([...pageRoutes(), ...api], ({ path }) => path);
    this.#description = describeApi(api, basePath);
  }

  /** Answers a request, whatever comes of it. */
  async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const path = this.#pathOf(url);
    const isApi = path?.startsWith("/api/") === true;
    let response: Response;
    try {
      response = await this.#answer(request, url, path);
    } catch (error) {
      const failure = failureOf(error);
      if (failure.isInternal) this.#host.session.onError(error);
      response = isApi
        ? Response.json({ error: bare(failure) }, { status: failure.status })
        : this.#failurePage(failure);
      if (error instanceof RequestError && error.allow !== undefined) response.headers.set("allow", error.allow);
    }
    for (const [name, value] of Object.entries(HEADERS)) {
      if (!response.headers.has(name)) response.headers.set(name, value);
    }
    if (request.method !== "HEAD") return response;
    // A stream that nobody reads would stay open.
    await response.body?.cancel();
    return new Response(null, response);
  }

  async #answer(request: Request, url: URL, path: string | undefined): Promise<Response> {
    if (request.url.length > MOST_CHARACTERS) throw new RequestError(414, "The address is too long");
    const asset = ASSETS.get(path ?? "");
    if (asset !== undefined && isLook(request)) return new Response(asset.text, { headers: asset.headers });
    const access = await accessOf(this.#authorize, request, (error) => this.#host.session.onError(error));
    if (access === "none") throw new RequestError(403, "You may not look at these jobs");
    if (path === "") return redirect(`${this.#basePath}/`, 308);
    const route = this.#find(request, path);
    if (route.needs === "act" && access !== "act") {
      throw new RequestError(403, "You may look at these jobs, but not steer them");
    }
    const { isNew, token } = tokenOf(request);
    const call: Call = {
      ...{ host: this.#host, request, url, access, token },
      query: new QueryReader(url.searchParams),
      description: this.#description,
      link: (to, params) => this.#link(to, params),
      fields: await this.#fields(request, route),
    };
    const response = await route.answer(call);
    if (
      isNew && route.needs === "read" && response.headers.get("content-type")?.startsWith("text/event-stream") !== true
    ) {
      response.headers.append("set-cookie", tokenCookie(request, this.#basePath, token));
    }
    return response;
  }

  /** The path below the studio's own; nothing for one that is not below it. */
  #pathOf({ pathname }: URL): string | undefined {
    if (!pathname.startsWith(this.#basePath)) return undefined;
    const path = pathname.slice(this.#basePath.length);
    return path === "" || path.startsWith("/") ? path : undefined;
  }

  #find({ method }: Request, path: string | undefined): Route {
    const routes = path === undefined ? undefined : this.#routes.get(path);
    if (routes === undefined) throw new RequestError(404, "There is nothing under this address");
    const route = routes.find((it) => it.method === (method === "HEAD" ? "GET" : method));
    if (route !== undefined) return route;
    const allow = routes.map((it) => it.method).join(", ");
    throw new RequestError(405, `Only ${allow} is allowed here`, { allow });
  }

  /** Checks an act, and returns the fields of its form, if it has one. */
  async #fields(request: Request, { isForm, needs }: Route): Promise<Fields> {
    if (needs !== "act") return {};
    if (isForm !== true) {
      checkAct(request, request.headers.get(TOKEN_HEADER) ?? undefined);
      return {};
    }
    const { [TOKEN_FIELD]: token, ...fields } = await readForm(request, this.#host.timers);
    checkAct(request, typeof token === "string" ? token : undefined);
    return fields;
  }

  #link(path: string, params: Parameters<Call["link"]>[1] = {}): string {
    const given = Object.entries(params).flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)]]);
    const query = new URLSearchParams(given).toString();
    return `${this.#basePath}${path}${query === "" ? "" : `?${query}`}`;
  }

  #failurePage(failure: Failure): Response {
    return failurePage(failure, (path, params) => this.#link(path, params));
  }
}

function bare({ message, status }: Failure): object {
  return { status, message };
}

function isLook({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

/** An answer that sends the browser elsewhere. */
function redirect(location: string, status: 303 | 308 = 303): Response {
  return new Response(null, { status, headers: { location } });
}
