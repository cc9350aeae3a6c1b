/**
 * The share of generated cases that each runtime tries in the gate. The cases and the library are the same everywhere, so one
 * runtime tries all of them. In workerd each macrotask takes a millisecond.
 */
export const SHARES = { Deno: 1, Bun: 0.03, Node: 0.03, workerd: 0.03 } as const;

const { Deno: deno, Bun: bun, process: host, navigator: agent }: {
  readonly Deno?: unknown;
  readonly Bun?: unknown;
  readonly process?: { readonly env: Readonly<Record<string, string | undefined>> };
  readonly navigator?: { readonly userAgent: string };
} = globalThis;

/** The share of this runtime. */
export const SHARE: number = deno !== undefined
  ? SHARES.Deno
  : bun !== undefined
  ? SHARES.Bun
  : agent?.userAgent.startsWith("Cloudflare")
  ? SHARES.workerd
  : SHARES.Node;

/** Whether this is the long run, which `deno task prove --long` begins. */
export const IS_LONG: boolean = host?.env["LONG"] === "1";

/** Of places in a row that are tried one by one, such as the writes of a job, each runtime but one tries every so many-th. */
export const STRIDE: number = SHARE === 1 || IS_LONG ? 1 : 5;

/** How many cases a test tries: in the gate this runtime's share of `inGate`, in the long run `long`. */
export function amountOf(inGate: number, long: number): number {
  return IS_LONG ? long : Math.ceil(inGate * SHARE);
}
