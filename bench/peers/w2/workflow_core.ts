import { createWorkflow, workflowEvent } from "@llamaindex/workflow-core";
import { type Counted, countUp } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { Sink } from "../../harness/sink.ts";
import { timeFan, WORKERS } from "../../w2/fan.ts";

// A handler for all workers, which is sent an event for each, and one for the aggregator.

function run(rounds: number): Promise<number> {
  const sink = new Sink(rounds * WORKERS);
  const work = workflowEvent<Counted>();
  const result = workflowEvent<Counted>();
  const workflow = createWorkflow();
  workflow.handle([work], (_context, { data }) => result.with(countUp(data)));
  workflow.handle([result], (_context, { data }) => sink.add(data));
  const { sendEvent } = workflow.createContext();
  for (let v = 0; v < rounds; v++) {
    for (let i = 0; i < WORKERS; i++) sendEvent(work.with({ v }));
  }
  return sink.done;
}

await runProgram({ sync: (rounds) => timeFan(rounds, () => run(rounds)) });
