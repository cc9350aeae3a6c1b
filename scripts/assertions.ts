import config from "../deno.json" with { type: "json" };

/** Which `@std/assert` a command uses, and the flags that make it so. */
export interface Assertions {
  readonly flags: readonly string[];
  readonly note: string;
}

// An unreachable host answers at once or never, depending on what stands in between.
const PATIENCE_MS = 20_000;

/** Takes the real packages of JSR where they can be had, and the stand-in elsewhere. */
export async function chooseAssertions(): Promise<Assertions> {
  const packages = Object.values(config.imports).filter((target) => target.startsWith("jsr:"));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", ...packages],
    stderr: "null",
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).output();
  return success ? { flags: [], note: `@std/assert is the real package, ${config.imports["@std/assert"]}` } : {
    flags: ["--import-map", "offline.json"],
    note: "@std/assert is the stand-in of tests/support: JSR is out of reach",
  };
}
