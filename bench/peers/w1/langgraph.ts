import { Annotation, Command, END, Send, START, StateGraph } from "@langchain/langgraph";
import type { Counted } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { type Goods, STAGES, timeChain, variantsOf } from "../../w1/chain.ts";

// A node for each stage. All items are sent in one run: they go through the graph side by side, a stage in each step.

async function run<T extends Counted>(count: number, { make, next }: Goods<T>): Promise<number> {
  const State = Annotation.Root({
    sum: Annotation<number>({ reducer: (sum, v) => sum + v, default: () => 0 }),
  });
  const builder = new StateGraph<typeof State.spec, typeof State.State, typeof State.Update, string>(State);
  for (let i = 0; i < STAGES; i++) {
    const target = i + 1 < STAGES ? `stage_${i + 1}` : "sink";
    builder.addNode(`stage_${i}`, (item: T) => new Command({ goto: new Send(target, next(item)) }), { ends: [target] });
  }
  builder.addNode("sink", (item: T) => ({ sum: item.v }));
  builder.addConditionalEdges(START, () => Array.from({ length: count }, (_, v) => new Send("stage_0", make(v))));
  builder.addEdge("sink", END);
  const { sum } = await builder.compile().invoke({});
  return sum;
}

await runProgram(variantsOf((goods) => ({ sync: (count) => timeChain(count, () => run(count, goods)) })));
