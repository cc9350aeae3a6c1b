import { createWorkflow, workflowEvent } from "@llamaindex/workflow-core";
import type { Counted } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { Sink } from "../../harness/sink.ts";
import { type Goods, STAGES, timeChain, variantsOf } from "../../w1/chain.ts";

// An event and a handler for each stage.

function run<T extends Counted>(count: number, { make, next }: Goods<T>): Promise<number> {
  const sink = new Sink(count);
  const workflow = createWorkflow();
  let first = workflowEvent<T>();
  workflow.handle([first], (_context, { data }) => sink.add(data));
  for (let i = 0; i < STAGES; i++) {
    const target = first;
    first = workflowEvent<T>();
    workflow.handle([first], (_context, { data }) => target.with(next(data)));
  }
  const { sendEvent } = workflow.createContext();
  for (let v = 0; v < count; v++) sendEvent(first.with(make(v)));
  return sink.done;
}

await runProgram(variantsOf((goods) => ({ sync: (count) => timeChain(count, () => run(count, goods)) })));
