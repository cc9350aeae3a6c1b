import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import { postgresStore } from "../../src/stores/postgres_store.ts";
import { openPg } from "../../tests/support/postgres_clients.ts";
import { type Contestant, inBatches, repeat } from "./contestant.ts";

/** What jobs are started with. */
interface StepParams {
  /** How many steps are left, this one included. */
  readonly left: number;
}

let echoed = (_sentAt: number): void => {};

class Steps extends Routine {
  readonly trigger = this.addSlot<StepParams>("trigger", this.step);
  readonly next = this.addEvent<StepParams>("next");

  step({ left }: StepParams, ctx: Context): void {
    if (left > 1) ctx.emit(this.next, { left: left - 1 });
  }
}

class Echo extends Routine {
  readonly trigger = this.addSlot<{ readonly sentAt: number }>("trigger", this.echo);

  echo({ sentAt }: { readonly sentAt: number }): void {
    echoed(sentAt);
  }
}

/** An engine on a PostgreSQL server, with a flow of trivial steps and one that tells when its handler began. */
function openFlows(address: string) {
  const { client, close } = openPg(address, 4);
  const registry = new Registry({ Steps, Echo });
  const engine = new Engine({ registry, store: postgresStore(client) });
  const steps = new Flow({ id: "steps", registry, engine });
  const routine = steps.addRoutine(new Steps(), "steps");
  steps.connect(routine.next, routine.trigger);
  const echo = new Flow({ id: "echo", registry, engine });
  echo.addRoutine(new Echo(), "echo");
  return {
    engine,
    steps,
    echo,
    async close() {
      await engine.close();
      await close();
    },
  };
}

/** This library. */
export const contestant: Contestant = {
  remaining: "SELECT count(*) AS count FROM routilux.jobs WHERE ended_at IS NULL AND queue <> 'later'",
  async work(address, concurrency, onEcho) {
    echoed = onEcho;
    const { engine, close } = openFlows(address);
    engine.work({ concurrency });
    await engine.count();
    return close;
  },
  async open(address) {
    const { engine, steps, echo, close } = openFlows(address);
    await engine.count();
    return {
      startJobs: (count, left) =>
        inBatches(count, (size) => steps.startMany("steps", repeat(size, () => ({ params: { left } })))),
      echo: async (sentAt, waits) => void await echo.start("echo", { sentAt }, waits ? { at: sentAt } : {}),
      sleep: (count, at) =>
        inBatches(count, (size) => {
          return steps.startMany(
            "steps",
            repeat(size, () => ({ params: { left: 1 }, at: at.getTime(), queue: "later" })),
          );
        }),
      close,
    };
  },
  async openLook(address) {
    const { client, close } = openPg(address, 1);
    const store = postgresStore(client);
    const owner = "look";
    const { incarnation = 0 } = await store.enter({
      ...{ owner, leaseMs: 3_600_000, now: Date.now(), token: owner, takesOver: false },
    });
    return {
      look: async () => await store.take({ owner, incarnation, limit: 25, now: Date.now() }),
      async close() {
        await store.close();
        await close();
      },
    };
  },
};
