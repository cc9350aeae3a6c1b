import { record } from "../tests/support/recorded_simulation.ts";

// Writes what simulations come to: to be run, and looked at, when a change of the library is meant to change that.

await Deno.writeTextFile("tests/fixtures/simulation.json", `${JSON.stringify(await record(), null, 2)}\n`);
