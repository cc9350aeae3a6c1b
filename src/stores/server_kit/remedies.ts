/** What to do about errors of a server and its client: what their codes or messages begin with, and the remedy. The first that fits counts. */
export type Remedies = readonly (readonly [begin: RegExp, remedy: string])[];

/** How clients say that they cannot reach a server. */
export const UNREACHABLE: Remedies[number] = [
  /^(ECONN(REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_|E(HOST|NET)UNREACH|ETIMEDOUT|EPIPE)/,
  "look at the address that the client was given, and whether the server runs there",
];

/** Says of an error what could not be done, and the remedy; one without a remedy is returned as it is. */
export function withRemedy(error: unknown, action: string, remedies: Remedies): unknown {
  if (!(error instanceof Error)) return error;
  const known = [...codesOf(error), error.message];
  const found = remedies.find(([begin]) => known.some((it) => begin.test(it)));
  if (found === undefined) return error;
  // Where all addresses of a host have failed, there is a code only.
  return new Error(`${action}: ${known.findLast((it) => it !== "")}; ${found[1]}`, { cause: error });
}

/** The codes of an error. Most clients have that of the server in `code`; Bun has its own there, and the server's in `errno`. */
export function codesOf(error: unknown): readonly string[] {
  if (typeof error !== "object" || error === null) return [];
  const codes = ["code" in error ? error.code : undefined, "errno" in error ? error.errno : undefined];
  return codes.filter((it) => typeof it === "string");
}
