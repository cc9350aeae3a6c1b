import type { Counted } from "../harness/payload.ts";
import { expectEqual, runProgram } from "../harness/program.ts";
import { Ring } from "../harness/ring.ts";
import { ACTIVATIONS, timeEach, timeJobs } from "./activations.ts";

// References: they keep as much data as the curves of the library do, and do nothing else.

/** The record of an activation. */
interface Entry {
  readonly data: Counted;
  readonly time: { readonly at: number };
}

function enter(v: number): Entry {
  return { data: Object.freeze({ v }), time: { at: Date.now() } };
}

/** An item that takes its turns, each after a promise; the records are kept. */
async function takeTurns(turns: number, entries: Entry[]): Promise<void> {
  for (let v = turns; v > 0; v--) {
    await null;
    entries.push(enter(v));
  }
}

async function runLoops(items: number, turns: number): Promise<void> {
  const entries: Entry[] = [];
  await Promise.all(Array.from({ length: items }, () => takeTurns(turns, entries)));
  expectEqual("The number of entries", entries.length, items * turns);
}

await runProgram({
  "loops": (size) => timeJobs(size, runLoops),
  "entries": (size) =>
    timeEach(ACTIVATIONS, () => {
      const entries = new Ring<Entry>();
      for (let v = 1; v <= ACTIVATIONS; v++) {
        if (entries.size === size) entries.shift();
        entries.push(enter(v));
      }
      expectEqual("The last one", entries.shift()?.data.v, ACTIVATIONS - size + 1);
    }),
  "ring": (size) => {
    const turns = Math.max(2, Math.ceil(ACTIVATIONS / size));
    return timeEach(turns * size, () => {
      const ring = new Ring<Counted>();
      let done = 0;
      for (let i = 0; i < size; i++) ring.push({ v: turns });
      for (let item = ring.shift(); item !== undefined; item = ring.shift()) {
        if (item.v > 1) ring.push({ v: item.v - 1 });
        else done++;
      }
      expectEqual("The number of items", done, size);
    });
  },
});
