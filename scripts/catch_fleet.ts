import { runFleet } from "../src/testing/fleet/fleet_run.ts";
import { fleetSettingsOf } from "../tests/support/fleet_seed.ts";

// Runs fleets by seeds in a row, until one breaks a promise, and prints which. Tells of each before it begins. `FIRST COUNT [FOCUS]`

const [first = 1, count = 0] = Deno.args.slice(0, 2).map(Number);
const focus = Deno.args[2];

for (let seed = first; seed < first + count; seed++) {
  console.log(JSON.stringify({ seed }));
  const invariant = await brokenBy(seed);
  if (invariant === undefined) continue;
  console.log(JSON.stringify({ invariant }));
  Deno.exit();
}

async function brokenBy(seed: number): Promise<string | undefined> {
  try {
    return (await runFleet(fleetSettingsOf(seed, {}, focus), false)).violation?.invariant;
  } catch (error) {
    // A defect may also show as an error that nobody expects.
    return String(error);
  }
}
