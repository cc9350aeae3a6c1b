import { FleetError } from "../src/testing/mod.ts";
import { runFleetOf } from "../tests/support/fleet_seed.ts";

// Runs fleets by seeds in a row, until one breaks a promise, and prints which, and how many seeds it took: `FIRST COUNT`.

const [first = 1, count = 0] = Deno.args.map(Number);

for (let seed = first; seed < first + count; seed++) {
  try {
    await runFleetOf(seed);
  } catch (error) {
    // A defect may also show as an error that nobody expects.
    const invariant = error instanceof FleetError ? error.invariant : String(error);
    const [message = ""] = error instanceof FleetError ? error.trace.slice(-1) : [];
    console.log(JSON.stringify({ invariant, seeds: seed - first + 1, message }));
    Deno.exit();
  }
}
