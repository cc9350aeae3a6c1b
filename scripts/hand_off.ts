import { hasEnded, stayInPlace } from "../tests/runtimes/relay.ts";
import type { Tally } from "./report.ts";
import { runLimited } from "./run_limited.ts";
import type { Runtime } from "./runtimes.ts";
import { makeWorker } from "./worker.ts";

// A job goes from runtime to runtime, each a process of its own that gets the text which the one before has left.

const LEG = "scripts/leg.ts";
const LEG_MS = 60_000;
const WORKER = `
import { runLeg } from "./tests/runtimes/relay.ts";
export default { test: async (_controller, { TEXT }) => console.log(await runLeg(TEXT)) };
`;
/** The first workerd that has `navigator`: nothing of Node.js is there. */
const OLDEST = "2022-03-21";

/** One leg: which runtime, and what it has left. */
export interface Leg {
  readonly runtime: Runtime;
  readonly text: string;
}

/** Begins once in each runtime: every leg must leave the same bytes as when the job stays in one place. */
export async function handOff(runtimes: readonly Runtime[]): Promise<Tally & { readonly line: string }> {
  const expected = await stayInPlace();
  const complaints = await Promise.all(
    runtimes.map((_, start) => run([...runtimes.slice(start), ...runtimes.slice(0, start)], expected)),
  );
  const failed = complaints.filter((it) => it !== "").length;
  const passed = runtimes.length - failed;
  const names = runtimes.map(({ name }) => name).join(", ");
  for (const complaint of complaints) if (complaint !== "") console.log(`FAILED: ${complaint}`);
  const line = `Hand-off: ${passed} passed, ${failed} failed (${expected.length} legs, begun in each of ${names})`;
  return { passed, failed, skipped: 0, line };
}

/** Carries the job from one runtime to the next until it has ended. */
export async function* relay(runtimes: readonly Runtime[]): AsyncGenerator<Leg, void, void> {
  const isThere = runtimes.some(({ name }) => name === "workerd");
  await using worker = isThere ? await makeWorker(WORKER, OLDEST) : undefined;
  for (let [text, leg] = ["", 0]; text === "" || !hasEnded(text); leg++) {
    const runtime = runtimes[leg % runtimes.length];
    if (runtime === undefined) return;
    text = await runLeg(runtime, worker?.config ?? "", text);
    yield { runtime, text };
  }
}

/** What is wrong with a relay, in words. */
async function run(runtimes: readonly Runtime[], expected: readonly string[]): Promise<string> {
  const where = `hand-off begun in ${runtimes[0]?.name}`;
  let legs = 0;
  try {
    for await (const { runtime, text } of relay(runtimes)) {
      const wanted = expected[legs++];
      if (text !== wanted) return `${where}, leg ${legs} in ${runtime.name}\n${difference(text, wanted)}`;
    }
    return legs === expected.length ? "" : `${where} ended after ${legs} legs, not ${expected.length}`;
  } catch (error) {
    return `${where}, leg ${legs + 1}: ${error}`;
  }
}

/** The first place at which two texts differ. */
function difference(actual: string, expected: string = ""): string {
  let at = 0;
  while (at < actual.length && actual[at] === expected[at]) at++;
  const part = (text: string) => text.slice(Math.max(0, at - 100), at + 200);
  return `  left: …${part(actual)}…\nwanted: …${part(expected)}…`;
}

async function runLeg({ name, command }: Runtime, workerConfig: string, text: string): Promise<string> {
  const args = name === "workerd"
    ? ["test", "--no-verbose", workerConfig]
    : [...name === "Deno" ? ["run", "-A"] : [], LEG];
  const { success, stdout, stderr } = await runLimited(command, args, { env: { TEXT: text }, limitMs: LEG_MS });
  if (!success) throw new Error(`${name} failed\n${stderr}`);
  return stdout.trimEnd();
}
