import { type Payload, payload } from "../harness/payload.ts";
import { runProgram } from "../harness/program.ts";
import { Ring } from "../harness/ring.ts";
import { timeSnapshots } from "./snapshot.ts";

// The limit: the items of a queue as plain JSON, and a new queue from the parsed items.

interface Task {
  readonly slot: string;
  readonly data: Payload;
}

await runProgram({
  "json": (count) => {
    const tasks = Array.from({ length: count }, (_, v): Task => ({ slot: "input", data: payload(v) }));
    return timeSnapshots(count, {
      write: () => JSON.stringify(tasks),
      read: (text) => {
        const ring = new Ring<Task>();
        const parsed: readonly Task[] = JSON.parse(text);
        for (const task of parsed) ring.push(task);
        return ring;
      },
      finish: (ring) => {
        let sum = 0;
        for (let task = ring.shift(); task !== undefined; task = ring.shift()) sum += task.data.v;
        return sum;
      },
    });
  },
});
