import { Annotation, END, Send, START, StateGraph } from "@langchain/langgraph";
import { runProgram } from "../../harness/program.ts";
import { AT_ONCE, timeWaits } from "../../w3/waits.ts";

const State = Annotation.Root({
  calls: Annotation<number>({ reducer: (calls, more) => calls + more, default: () => 0 }),
});

await runProgram({
  async: (count) =>
    timeWaits(count, (service) => {
      const graph = new StateGraph(State)
        .addNode("caller", async () => {
          await service.call();
          return { calls: 1 };
        })
        .addConditionalEdges(START, () => Array.from({ length: count }, () => new Send("caller", {})))
        .addEdge("caller", END)
        .compile();
      return graph.invoke({}, { maxConcurrency: AT_ONCE });
    }),
});
