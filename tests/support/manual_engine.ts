import { Engine } from "../../mod.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";

/** An engine whose time and ids move by hand. */
export function manualEngine(): { readonly engine: Engine; readonly timers: ManualTimers } {
  const timers = manualTimers();
  return { engine: new Engine({ timers, ids: manualIds() }), timers };
}
