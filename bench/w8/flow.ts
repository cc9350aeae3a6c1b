import { type Context, Engine, Flow, Registry, Routine } from "../../mod.ts";
import { postgresStore } from "../../src/stores/postgres_store.ts";
import { openPg } from "../../tests/support/postgres_clients.ts";

/** What jobs are started with. */
export interface StepParams {
  /** How many steps are left, this one included. */
  readonly left: number;
}

class Steps extends Routine {
  readonly trigger = this.addSlot<StepParams>("trigger", this.step);
  readonly next = this.addEvent<StepParams>("next");

  step({ left }: StepParams, ctx: Context): void {
    if (left > 1) ctx.emit(this.next, { left: left - 1 });
  }
}

class Echo extends Routine {
  readonly trigger = this.addSlot<{ readonly sentAt: number }>("trigger", this.echo);

  echo({ sentAt }: { readonly sentAt: number }, ctx: Context): void {
    ctx.output("latency", Date.now() - sentAt);
  }
}

/** An engine on a PostgreSQL server, with a flow of trivial steps and one that tells when its handler began. */
export function openFlows(address: string): {
  readonly engine: Engine;
  readonly steps: Flow;
  readonly echo: Flow;
  close(): Promise<void>;
} {
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
