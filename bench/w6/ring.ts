import { type Payload, payload } from "../harness/payload.ts";
import { runProgram } from "../harness/program.ts";
import { Ring } from "../harness/ring.ts";
import { measureMemory } from "./memory.ts";

// The limit: a task in a ring, and nothing else.

interface Task {
  readonly slot: string;
  readonly data: Payload;
}

await runProgram({
  "ring": (count) =>
    measureMemory(count, () => {
      const ring = new Ring<Task>();
      for (let v = 0; v < count; v++) ring.push({ slot: "input", data: payload(v) });
      return ring;
    }, (ring) => {
      let sum = 0;
      for (let task = ring.shift(); task !== undefined; task = ring.shift()) sum += task.data.v;
      return sum;
    }),
});
