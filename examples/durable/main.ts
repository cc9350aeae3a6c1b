import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { type Context, Engine, ErrorHandler, Flow, Registry, Routine } from "@routilux/routilux";
import { sqliteStore } from "@routilux/routilux/stores/sqlite";

// Sends twelve letters, one after the other, to a post office that is closed now and then: main.ts [database]. End the
// process by Ctrl-C or `kill -9` whenever you like, and run the same command again: no letter is sent twice, none is
// forgotten.

/** Requests one letter after the other. */
class Desk extends Routine {
  readonly trigger = this.addSlot("trigger", this.write);
  readonly letter = this.addEvent<{ n: number }>("letter");
  write({ letters }: { letters: number }, ctx: Context): void {
    for (let n = 1; n <= letters; n++) ctx.emit(this.letter, { n });
  }
}

/** Brings a letter to the post office. */
class Post extends Routine {
  readonly input = this.addSlot("input", this.send);
  async send({ n }: { n: number }, ctx: Context): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 250));
    if (n % 4 === 0 && ctx.attempt === 0) throw new Error("the post office is closed");
    // A real service would get `ctx.idempotencyKey`: the key is the same if the process ends here and the letter is
    // sent again.
    ctx.output("sent", n);
    ctx.shared.update<number>("sent", (sent = 0) => sent + 1);
  }
}

const registry = new Registry({ Desk, Post });
const database = new DatabaseSync(process.argv[2] ?? "letters.db");
// Only one process at a time has this name, so the next one goes on with the jobs of a dead one at once, without waiting
// until its lease has ended.
const engine = new Engine({
  registry,
  store: sqliteStore(database),
  durability: { owner: "letters", takeOver: "at once" },
});

const flow = new Flow({
  id: "letters",
  registry,
  engine,
  errorHandler: new ErrorHandler({ strategy: "retry", retryDelayMs: 500 }),
});
const desk = flow.addRoutine(new Desk(), "desk");
const post = flow.addRoutine(new Post(), "post");
flow.connect(desk.letter, post.input);

process.once("SIGINT", () => void engine.shutdown({ drain: false }));

// When run again, the same id means the same job: it continues where it stopped.
const job = flow.execute(desk.trigger, { letters: 12 }, {
  jobId: "march",
  onOutput: ({ data }) => console.log(`letter ${data} is sent`),
});
if (await flow.waitForCompletion(job)) console.log(`${job.sharedData["sent"]} letters, the job has ${job.status}`);
else console.error("stopped; run the same command to go on");
await engine.close();
database.close();
