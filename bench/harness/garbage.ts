// These flags and calls make the garbage collectors of the runtimes run now.

declare const gc: (() => void) | undefined;
declare const Bun: { gc(force: boolean): void } | undefined;

/** The flags of the runtimes that need some for `collectGarbage`. */
export const COLLECTING = { Deno: ["--v8-flags=--expose-gc"], Node: ["--expose-gc"] } as const;

/** Runs the garbage collection. */
export function collectGarbage(): void {
  if (typeof Bun !== "undefined") Bun.gc(true);
  else if (typeof gc === "function") gc();
  else throw new Error("The garbage collection must be exposed");
}
