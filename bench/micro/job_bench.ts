import { Flow, Routine } from "@routilux/routilux";
import { bench } from "./bench.ts";
import { completed, TIMES } from "./repeated.ts";

// The time of a job with one task, from its start to its end.

class Worker extends Routine {
  readonly trigger = this.addSlot("trigger", () => {});
}

const AT_ONCE = 1_000;
const flow = new Flow({ id: "job" });
const worker = flow.addRoutine(new Worker(), "worker");

bench("10,000 jobs one by one", { group: "job" }, async () => {
  for (let i = 0; i < TIMES; i++) completed(await flow.run(worker));
});

bench("10,000 jobs, 1,000 at once", { group: "job" }, async () => {
  for (let i = 0; i < TIMES; i += AT_ONCE) {
    const jobs = await Promise.all(Array.from({ length: AT_ONCE }, () => flow.run(worker)));
    jobs.forEach(completed);
  }
});
