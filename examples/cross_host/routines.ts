import { appendFileSync } from "node:fs";
import { env } from "node:process";
import { type Context, Registry, Routine } from "@routilux/routilux";

/** Where the flow begins: sends what there is to work on. */
export class DataSource extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<{ data: string }>("output");

  send(_params: unknown, ctx: Context): void {
    noteRun(ctx);
    ctx.report("sending");
    ctx.emit(this.output, { data: "initial_data" });
  }
}

/** Works on what comes from the source. */
export class DataProcessor extends Routine {
  readonly input = this.addSlot("input", this.process);
  readonly output = this.addEvent<{ result: string }>("output");

  process({ data }: { data: string }, ctx: Context): void {
    noteRun(ctx);
    ctx.emit(this.output, { result: `Processed: ${data}` });
  }
}

/** Both hosts know the classes by these names; they share nothing else but the file that travels. */
export const registry = new Registry({ DataSource, DataProcessor });

/** Adds a line for each handler that runs to the file named by `RUNS_FILE`, so that nobody has to take our word for it. */
function noteRun({ routineId, slotName }: Context): void {
  const { HOST, RUNS_FILE } = env;
  if (RUNS_FILE !== undefined) appendFileSync(RUNS_FILE, `${routineId}.${slotName} on host ${HOST}\n`);
}
