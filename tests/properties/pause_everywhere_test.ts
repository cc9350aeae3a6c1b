import { assertGreater } from "@std/assert";
import { prove } from "./gate.ts";
import { stoppedEverywhere, type Tries } from "./pause_anywhere.ts";

const tries: Tries = { snapshots: 0, pauses: 0 };

prove(stoppedEverywhere(tries), 150, {
  after: () => {
    assertGreater(tries.snapshots, 800);
    assertGreater(tries.pauses, 2_500);
  },
});
