import { createWorkflow, workflowEvent } from "@llamaindex/workflow-core";

const workflow = createWorkflow();
const events = Array.from({ length: 11 }, () => workflowEvent<number>());
const [first, last] = [events[0], events[10]];
if (first === undefined || last === undefined) throw new Error("Events are missing");
const result = new Promise<number>((resolve) => workflow.handle([last], (_context, { data }) => resolve(data)));
events.forEach((event, i) => {
  const target = events[i + 1];
  if (target !== undefined) workflow.handle([event], (_context, { data }) => target.with(data + 1));
});
workflow.createContext().sendEvent(first.with(0));
if (await result !== 10) throw new Error(`It came to ${await result}`);
console.log("{}");
