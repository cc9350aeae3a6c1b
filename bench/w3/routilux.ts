import { type Context, Flow, Registry, Routine } from "@routilux/routilux";
import { expectEqual, runProgram } from "../harness/program.ts";
import { AT_ONCE, type Service, timeWaits } from "./waits.ts";

class Source extends Routine {
  readonly trigger = this.addSlot("trigger", this.send);
  readonly output = this.addEvent<{ v: number }>("output");
  send({ count }: { count: number }, ctx: Context): void {
    for (let v = 0; v < count; v++) ctx.emit(this.output, { v });
  }
}

async function run(service: Service, count: number): Promise<void> {
  class Caller extends Routine {
    readonly input = this.addSlot("input", this.call);
    async call(_item: { v: number }, ctx: Context): Promise<void> {
      await service.call();
      ctx.state.update<number>("calls", (calls = 0) => calls + 1);
    }
  }
  const flow = new Flow({ id: "waits", registry: new Registry({ Source, Caller }) });
  const source = flow.addRoutine(new Source(), "source");
  const caller = flow.addRoutine(new Caller(), "caller");
  flow.connect(source.output, caller.input);
  flow.setExecutionStrategy("concurrent", AT_ONCE);
  const job = await flow.run(source.trigger, { count });
  expectEqual("The state", job.routineStates["caller"]?.state["calls"], count);
}

await runProgram({ concurrent: (count) => timeWaits(count, (service) => run(service, count)) });
