import { parseArgs } from "node:util";
import { hostileLaw } from "../tests/hostile/hostile_law.ts";
import { runFleetOf } from "../tests/support/fleet_seed.ts";
import { FLEET_STORES } from "../tests/support/fleet_stores.ts";
import { LAWS } from "../tests/properties/laws.ts";
import { proveDefects } from "./prove_defects.ts";
import { proveLong } from "./prove_long.ts";
import { proveTransfer } from "./prove_transfer.ts";
import { finish } from "./report.ts";

// Tries the invariants on as many generated cases as are asked for: `--runs 100000 --seed 42 --invariant 3`; or fleets of engines on one
// store, in any number: `--fleet 10000 --seed 42`, with `--store sqlite` on one of another kind, or with `--focus deadlines` all about one
// situation; or, with `--defects`, whether as many fleets find each deliberate defect of `fleet_defects.ts`, or those of one `--rule`, which
// may be a part of what they say; or, with `--transfer 1000000`, the export and the import of so many jobs. Without a seed it takes a new one. `--long` makes the long run
// instead, which the gate has no time for: every law with a new seed, and then the tests whose cases the gate makes few of, with all of
// them; or, with paths as arguments, only those of them that are there. A law whose cases are many runs each gets fewer of them. A failure
// prints its seed and path: `--seed … --path …` with its `--law` goes straight there.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    invariant: { type: "string" },
    law: { type: "string" },
    path: { type: "string" },
    long: { type: "boolean", default: false },
    fleet: { type: "string" },
    store: { type: "string", default: "memory" },
    focus: { type: "string" },
    defects: { type: "boolean", default: false },
    rule: { type: "string" },
    transfer: { type: "string" },
  },
});
const runs = readCount("runs", values.runs);
const seed = readCount("seed", values.seed);
const { invariant, law: wanted, path } = values;

if (values.long && positionals.length > 0) finish([await proveLong(positionals)]);
if (values.defects) {
  await proveDefects(Number(values.seed ?? 1), readCount("fleet", values.fleet ?? "300"), values.rule);
  Deno.exit();
}
if (values.transfer !== undefined) {
  await proveTransfer(readCount("transfer", values.transfer));
  Deno.exit();
}
if (values.fleet !== undefined) {
  await proveFleets(readCount("fleet", values.fleet));
  Deno.exit();
}
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
const more = values.long ? [await proveLong([])] : [];
finish([{ passed: chosen.length - failed, failed }, ...more]);

/** Runs fleets by seeds in a row, and prints each that breaks a promise. */
async function proveFleets(count: number): Promise<void> {
  const start = performance.now();
  const openStore = FLEET_STORES[values.store];
  if (openStore === undefined) {
    throw new RangeError(`No such store; there are ${Object.keys(FLEET_STORES).join(", ")}`);
  }
  let failed = 0;
  for (let next = seed; next < seed + count; next++) {
    try {
      await runFleetOf(next, { openStore }, values.focus);
    } catch (error) {
      failed++;
      console.log(`FAILED  fleet ${next}\n${error instanceof Error ? error.message : error}`);
    }
  }
  console.log(
    `${count} fleets from seed ${seed}, store ${values.store}, ${Math.round((performance.now() - start) / 1_000)} s`,
  );
  finish([{ passed: count - failed, failed }]);
}

function titleOf({ invariant, name }: typeof laws[number], index: number): string {
  return `${index + 1}. invariant ${invariant}: ${name}`;
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`--${name} must be a whole number, got ${text}`);
  return count;
}
