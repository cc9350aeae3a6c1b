import { parseArgs } from "node:util";
import { hostileLaw } from "../tests/hostile/hostile_law.ts";
import { LAWS } from "../tests/properties/laws.ts";
import { finish } from "./report.ts";

// Tries the invariants on as many generated cases as are asked for: `--runs 100000 --seed 42 --invariant 3`. Without a seed
// it takes a new one. A law whose cases are many runs each gets fewer of them. A failure prints its seed and path: `--seed … --path …` with its `--law` goes straight there.

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    invariant: { type: "string" },
    law: { type: "string" },
    path: { type: "string" },
  },
});
const runs = readCount("runs", values.runs);
const seed = readCount("seed", values.seed);
const { invariant, law: wanted, path } = values;

const laws = [...LAWS, hostileLaw];
const chosen = Array.from(laws, (law, index) => ({ law, number: String(index + 1) })).filter(({ law, number }) =>
  (invariant === undefined || invariant === String(law.invariant)) && (wanted === undefined || wanted === number)
);
if (chosen.length === 0) throw new RangeError(`No such law; there are:\n${laws.map(titleOf).join("\n")}`);
if (path !== undefined && chosen.length > 1) throw new RangeError("A path belongs to one law: name it by --law");

let failed = 0;
for (const { law, number } of chosen) {
  const start = performance.now();
  const title = titleOf(law, Number(number) - 1);
  const cases = Math.ceil(runs / law.cost);
  try {
    await law.prove({ runs: cases, seed, ...(path === undefined ? {} : { path }) });
    console.log(`held    ${title}: ${cases} cases, seed ${seed}, ${Math.round((performance.now() - start) / 1_000)} s`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${title}\n${error instanceof Error ? `${error.message}\n${error.cause ?? ""}` : error}`);
  }
}
finish([{ passed: chosen.length - failed, failed }]);

function titleOf({ invariant, name }: typeof laws[number], index: number): string {
  return `${index + 1}. invariant ${invariant}: ${name}`;
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`--${name} must be a whole number, got ${text}`);
  return count;
}
