import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

const State = Annotation.Root({ v: Annotation<number> });
const builder = new StateGraph<typeof State.spec, typeof State.State, typeof State.Update, string>(State);
for (let i = 0; i < 10; i++) {
  builder.addNode(`step_${i}`, ({ v }) => ({ v: v + 1 }));
  builder.addEdge(i === 0 ? START : `step_${i - 1}`, `step_${i}`);
}
builder.addEdge("step_9", END);
const { v } = await builder.compile().invoke({ v: 0 });
if (v !== 10) throw new Error(`It came to ${v}`);
console.log("{}");
