import process from "node:process";
import { type Context, Flow, Registry, Routine } from "@routilux/routilux";
import { load, openDatabase, remove, save, type Work } from "./store.ts";

// An order that waits in a database: main.ts [order] [database]. The first run accepts the order, and pauses where a
// person has to review it; running the same command again continues from there.

interface Order {
  readonly order: string;
}

class Intake extends Routine {
  readonly trigger = this.addSlot("trigger", this.take);
  readonly checked = this.addEvent<Order>("checked");

  take({ order }: Order, ctx: Context): void {
    ctx.output("line", `${order} is taken`);
    ctx.emit(this.checked, { order });
    ctx.pause("to be looked at");
  }
}
class Shipping extends Routine {
  readonly input = this.addSlot("input", this.ship);

  ship({ order }: Order, ctx: Context): void {
    ctx.output("line", `${order} is shipped`);
  }
}
const registry = new Registry({ Intake, Shipping });

const [id = "order-1", path = "executions.db"] = process.argv.slice(2);

const database = openDatabase(path);
try {
  const work = load(database, id, registry) ?? createWork();
  const { flow, job } = work;
  flow.resume(job, { onOutput: ({ data }) => console.log(data) });
  await flow.waitForCompletion(job);
  if (job.status === "paused") {
    save(database, work);
    console.log(`${id} is saved: ${job.pausePoints.at(-1)?.reason}. Run the same command to go on.`);
  } else {
    remove(database, id);
    console.log(`${id} has ${job.status}`);
  }
} finally {
  database.close();
}

function createWork(): Work {
  const flow = new Flow({ id: "orders", registry });
  const intake = flow.addRoutine(new Intake(), "intake");
  const shipping = flow.addRoutine(new Shipping(), "shipping");
  flow.connect(intake.checked, shipping.input);
  return { flow, job: flow.create(intake.trigger, { order: id }, { jobId: id }) };
}
