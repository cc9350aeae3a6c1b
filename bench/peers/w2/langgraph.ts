import { Annotation, END, Send, START, StateGraph } from "@langchain/langgraph";
import { type Counted, countUp } from "../../harness/payload.ts";
import { runProgram } from "../../harness/program.ts";
import { timeFan, WORKERS } from "../../w2/fan.ts";

// A node that is sent an item for each worker, and one that adds up what they return; a run for each round.

const State = Annotation.Root({
  round: Annotation<number>,
  results: Annotation<Counted[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
  sum: Annotation<number>,
});

const graph = new StateGraph(State)
  .addNode("worker", (item: Counted) => ({ results: [countUp(item)] }))
  .addNode("aggregator", ({ results }) => ({ sum: results.reduce((sum, { v }) => sum + v, 0) }))
  .addConditionalEdges(START, ({ round }) => Array.from({ length: WORKERS }, () => new Send("worker", { v: round })))
  .addEdge("worker", "aggregator")
  .addEdge("aggregator", END)
  .compile();

async function run(rounds: number): Promise<number> {
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    const { sum } = await graph.invoke({ round });
    total += sum;
  }
  return total;
}

await runProgram({ sync: (rounds) => timeFan(rounds, () => run(rounds)) });
