import { RequestError } from "./failure.ts";

/** The rights of a sender in the studio: none, to look, or also to act. */
export type StudioAccess = "none" | "read" | "act";

/** Says what the sender of a request may do. */
export type Authorize = (request: Request) => StudioAccess | Promise<StudioAccess>;

/** Headers that proxies add: a request with one of them does not come from this machine. */
const PROXY_HEADERS = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
const COOKIE = "routilux_studio";
/** The header and the field by which an act shows that its sender can read the studio's answers. */
export const TOKEN_HEADER = "x-routilux-token";
/** The field of forms with the token. */
export const TOKEN_FIELD = "token";
const TOKEN = /^[0-9a-f]{64}$/;

/** Without `authorize`: requests under a name of this machine that have come by no proxy may act; all others may do nothing. */
export function authorizeLoopback(request: Request): StudioAccess {
  const { hostname } = new URL(request.url);
  const isHere = hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
  return isHere && !PROXY_HEADERS.some((name) => request.headers.has(name)) ? "act" : "none";
}

/**
 * Asks who may do what. An `authorize` that throws, or answers anything else, lets nobody in.
 *
 * @param onError called with what it throws: nobody else would know why all are refused
 */
export async function accessOf(
  authorize: Authorize,
  request: Request,
  onError: (error: unknown) => void,
): Promise<StudioAccess> {
  try {
    const access: unknown = await authorize(request);
    return access === "act" || access === "read" ? access : "none";
  } catch (error) {
    onError(error);
    return "none";
  }
}

/**
 * The token of the sender's browser: of the cookie, or a new one for a sender who has none.
 *
 * An act must name the token in its form or its header as well: pages of other origins cannot read it, and so cannot name it.
 */
export function tokenOf(request: Request): { readonly token: string; readonly isNew: boolean } {
  const known = cookieOf(request);
  if (known !== undefined) return { token: known, isNew: false };
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return { token: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""), isNew: true };
}

/** The header that gives a browser its token. */
export function tokenCookie(request: Request, basePath: string, token: string): string {
  const secure = new URL(request.url).protocol === "https:" ? "; Secure" : "";
  return `${COOKIE}=${token}; Path=${basePath}/; HttpOnly; SameSite=Strict${secure}`;
}

/**
 * Checks that an act comes from the studio's own pages, or from a program that has asked for a token.
 *
 * @param token the token that the form or the header names
 * @throws {RequestError} when it does not
 */
export function checkAct(request: Request, token: string | undefined): void {
  checkOrigin(request);
  const known = cookieOf(request);
  if (known === undefined || token === undefined || !equalTexts(known, token)) {
    throw new RequestError(
      403,
      "The token of the form is missing or old: load the page again, and repeat what you did",
    );
  }
}

function checkOrigin(request: Request): void {
  const { headers, url } = request;
  const refusal = new RequestError(403, "Acts are only taken from the studio's own pages");
  const site = headers.get("sec-fetch-site");
  if (site !== null) {
    if (site !== "same-origin") throw refusal;
    return;
  }
  const origin = headers.get("origin");
  // Browsers name the origin of every act: one without is a program's, which nobody can trick into a request.
  if (origin !== null && origin !== new URL(url).origin) throw refusal;
}

function cookieOf({ headers }: Request): string | undefined {
  const cookies = (headers.get("cookie") ?? "").split(/; */);
  const value = cookies.find((it) => it.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
  return value !== undefined && TOKEN.test(value) ? value : undefined;
}

/** Compares texts in a time that does not depend on where they differ. */
function equalTexts(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}
