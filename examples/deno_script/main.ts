import { type Context, ErrorHandler, Flow, Routine } from "@routilux/routilux";

// Adds up expenses, one "name amount" per line, from the named files or from standard input. A line of another form is
// reported and skipped, as the error handler of its routine says.

/** Sends the non-empty lines of a text. */
class Lines extends Routine {
  readonly trigger = this.addSlot("trigger", this.split);
  readonly line = this.addEvent<{ line: string }>("line");

  split({ text }: { text: string }, ctx: Context): void {
    for (const line of text.split(/\r?\n/)) if (line.trim() !== "") ctx.emit(this.line, { line });
  }
}

/** Parses a line. Its errors go to its error handler. */
class Parser extends Routine {
  readonly input = this.addSlot("input", this.parse);
  readonly expense = this.addEvent<{ name: string; cents: number }>("expense");

  parse({ line }: { line: string }, ctx: Context): void {
    const [, name, amount] = /^(.*\S)\s+(\d+(?:\.\d\d?)?)$/.exec(line.trim()) ?? [];
    if (name === undefined) throw new SyntaxError(`no name and amount: ${line.trim()}`);
    ctx.emit(this.expense, { name, cents: Math.round(Number(amount) * 100) });
  }
}

/** Adds up the amounts by name. */
class Sums extends Routine {
  readonly input = this.addSlot("input", this.add);

  add({ name, cents }: { name: string; cents: number }, ctx: Context): void {
    ctx.shared.update<number>(name, (sum = 0) => sum + cents);
  }
}

const flow = new Flow({ id: "expenses" });
const lines = flow.addRoutine(new Lines(), "lines");
const parser = flow.addRoutine(new Parser(), "parser");
const sums = flow.addRoutine(new Sums(), "sums");
flow.connect(lines.line, parser.input);
flow.connect(parser.expense, sums.input);
parser.setErrorHandler(new ErrorHandler({ strategy: "continue" }));

const texts = Deno.args.length > 0
  ? await Promise.all(Deno.args.map((file) => Deno.readTextFile(file)))
  : [await new Response(Deno.stdin.readable).text()];
const job = await flow.run(lines.trigger, { text: texts.join("\n") });

for (const { error } of job.failures) console.error(error.message);
for (const [name, cents] of Object.entries(job.sharedData).toSorted()) {
  console.log(`${name}: ${(Number(cents) / 100).toFixed(2)}`);
}
if (job.status !== "completed") {
  console.error(`The job has ${job.status}: ${job.error?.message}`);
  Deno.exitCode = 1;
}
