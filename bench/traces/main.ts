import { measure } from "../harness/process.ts";
import { CPU_CLOCK } from "../harness/program.ts";
import { median } from "../harness/statistics.ts";
import { VARIANTS } from "./variants.ts";

// What traces and metrics cost: `deno run -A bench/traces/main.ts [rounds]`. Each variant runs in a process of its own, in turn, in
// processor time, so that other programs of the machine change little.

const RUNS = 30;
const WARM_UP = 20;
const rounds = Number(Deno.args[0] ?? 5);
const deno = { name: "Deno", command: Deno.execPath(), version: Deno.version.deno } as const;
const names = Object.keys(VARIANTS);
const times = new Map(names.map((name) => [name, [] as number[]]));

for (let round = 0; round < rounds; round++) {
  // Each round begins with another variant.
  for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
    const [figures] = await measure(deno, "traces/program.ts", [`${name}:${RUNS}:${WARM_UP}`], [], {
      [CPU_CLOCK]: "1",
    });
    times.get(name)?.push(figures?.["us"] ?? NaN);
  }
}
const [base = []] = times.values();
console.log(`Deno ${Deno.version.deno}, medians of ${rounds} rounds, processor time of an activation in µs\n`);
for (const [name, own] of times) {
  const ratio = median(own.map((it, round) => it / (base[round] ?? NaN)));
  const [least, most] = [Math.min(...own), Math.max(...own)].map((it) => it.toFixed(2));
  console.log(`${median(own).toFixed(2).padStart(6)}  ${ratio.toFixed(2)}×  (${least} to ${most})  ${name}`);
}
