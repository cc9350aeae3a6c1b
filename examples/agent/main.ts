import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { type ChildEnd, type Context, Engine, Flow, Registry, Routine } from "@routilux/routilux";
import { sqliteStore } from "@routilux/routilux/stores/sqlite";
import { type Message, think } from "./model.ts";

// An agent that plans a trip: main.ts [database] [cancel]. It calls tools, each a child job, asks a human in between, and goes on where it
// stood when the process was killed. With `cancel` it is stopped in the middle of a tool call.

/** A tool: anything that takes its time and may fail. It has retries, and a place in the store, of its own. */
class Tool extends Routine {
  readonly trigger = this.addSlot("trigger", this.use);
  async use({ tool, input }: { tool: string; input: string }, ctx: Context): Promise<void> {
    ctx.report(`[${tool} begins]`);
    await new Promise<void>((resolve, reject) => {
      setTimeout(resolve, 100);
      ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason));
    });
    ctx.result(tool === "weather" ? `sun in ${input}` : `200 euros to ${input}`);
  }
}

/** Asks the model what to do, does it, and asks again. */
class Planner extends Routine {
  readonly trigger = this.addSlot("trigger", this.begin);
  readonly toolEnded = this.addSlot("toolEnded", this.hearTool);
  readonly answered = this.addSlot("answered", this.hearHuman);
  async begin({ question }: { question: string }, ctx: Context): Promise<void> {
    await this.next({ from: "user", text: question }, ctx);
  }
  async hearTool(end: ChildEnd<string>, ctx: Context): Promise<void> {
    const text = end.status === "completed" ? end.result : `no answer: ${end.error.message}`;
    await this.next({ from: "tool", text }, ctx);
  }
  async hearHuman({ text }: { text: string }, ctx: Context): Promise<void> {
    await this.next({ from: "human", text }, ctx);
  }
  async next(message: Message, ctx: Context): Promise<void> {
    const messages = [...ctx.state.get<readonly Message[]>("messages") ?? [], message];
    const thoughts = think(messages);
    let thought = await thoughts.next();
    // Tokens are told to whoever looks on, and are not stored.
    for (; !thought.done; thought = await thoughts.next()) ctx.report(thought.value);
    const wish = thought.value;
    if (wish.kind === "answer") ctx.result(wish.text);
    else if (wish.kind === "tool") ctx.child(tools, "tool", wish, { to: this.toolEnded });
    else {
      ctx.output("question", wish.text);
      ctx.expect(this.answered);
    }
    ctx.state.set("messages", [...messages, { from: "model", text: JSON.stringify(wish) }]);
  }
}

const [, , path = "agent.db", mode] = process.argv;
const registry = new Registry({ Planner, Tool });
const database = new DatabaseSync(path);
const engine = new Engine({
  registry,
  store: sqliteStore(database),
  durability: { owner: "agent", takeOver: "at once" },
  observer(event) {
    if (event.type !== "report") return;
    console.log(String(event.data));
    if (mode === "cancel" && event.data === "[flights begins]") void job.cancel({ reason: "the trip is off" });
  },
});
const tools = new Flow<string>({ id: "tools", engine });
tools.addRoutine(new Tool(), "tool");
const agent = new Flow<string>({ id: "agent", engine });
const planner = agent.addRoutine(new Planner(), "planner");

const job = await agent.start(planner.trigger, { question: "Where shall I go?" }, { jobId: "trip" });
const worker = engine.work({ pollMs: 50 });
for await (const { data } of job.outputs()) {
  console.log(`The model asks: ${data}`);
  // A person would take hours: meanwhile the job costs one row of the database.
  const answered = { key: "the answer" };
  await job.deliver({ routine: "planner", slot: "answered" }, { text: "yes" }, answered).catch(() => {});
}
const { status, result, error } = await job.ended();
console.log(status === "completed" ? result : `The agent was ${status}: ${error?.message}`);
while (await engine.count({ status: "running" }) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
const { jobs } = await engine.list({ parentId: "trip" });
console.log(`tool calls: ${jobs.map((it) => it.status).join(", ")}`);
await worker.stop();
await engine.close();
database.close();
