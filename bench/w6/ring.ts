import { frozenPayload, type Payload, payload } from "../harness/payload.ts";
import { type Figures, runProgram } from "../harness/program.ts";
import { Ring } from "../harness/ring.ts";
import { measureMemory } from "./memory.ts";

// The limit: a task in a ring buffer, and nothing else.

interface Task {
  readonly slot: string;
  readonly data: Payload;
}

function measureRing(count: number, make: (v: number) => Payload): Promise<Figures> {
  return measureMemory(count, () => {
    const ring = new Ring<Task>();
    for (let v = 0; v < count; v++) ring.push({ slot: "input", data: make(v) });
    return ring;
  }, (ring) => {
    let sum = 0;
    for (let task = ring.shift(); task !== undefined; task = ring.shift()) sum += task.data.v;
    return sum;
  });
}

await runProgram({
  "ring": (count) => measureRing(count, payload),
  "frozen": (count) => measureRing(count, frozenPayload),
});
