import { assertGreater } from "@std/assert";
import { crashedEverywhere, crashedSomewhere } from "./crash_anywhere.ts";
import { prove } from "./gate.ts";

const [anywhere, everywhere] = [{ deaths: 0 }, { deaths: 0 }];

prove(crashedSomewhere(anywhere), 1_000, { after: () => assertGreater(anywhere.deaths, 1_000) });
prove(crashedEverywhere(everywhere), 100, { after: () => assertGreater(everywhere.deaths, 1_000) });
