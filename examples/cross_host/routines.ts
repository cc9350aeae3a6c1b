import { appendFileSync } from "node:fs";
import { env } from "node:process";
import { type Context, Registry, Routine } from "@routilux/routilux";

/** Starts the flow: sends the data to process. */
export class DataSource extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<{ data: string }>("output");

  send(_params: unknown, ctx: Context): void {
    noteRun(ctx);
    ctx.report("sending");
    ctx.emit(this.output, { data: "initial_data" });
  }
}

/** Processes the data from the source. */
export class DataProcessor extends Routine {
  readonly input = this.addSlot("input", this.process);
  readonly output = this.addEvent<{ result: string }>("output");

  process({ data }: { data: string }, ctx: Context): void {
    noteRun(ctx);
    ctx.emit(this.output, { result: `Processed: ${data}` });
  }
}

/**
 * The names of the classes in documents. Both hosts import this module; they share nothing else but the file with the
 * documents.
 */
export const registry = new Registry({ DataSource, DataProcessor });

/** Appends a line per handler call to the file named by `RUNS_FILE`, as evidence of which process has run it. */
function noteRun({ routineId, slotName }: Context): void {
  const { HOST, RUNS_FILE } = env;
  if (RUNS_FILE !== undefined) appendFileSync(RUNS_FILE, `${routineId}.${slotName} on host ${HOST}\n`);
}
