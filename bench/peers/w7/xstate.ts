import { createActor, createMachine } from "xstate";

let result = 0;
let next = (v: number): void => void (result = v);
for (let i = 0; i < 10; i++) {
  const target = next;
  const machine = createMachine({
    types: {} as { events: { readonly type: "item"; readonly v: number } },
    on: { item: { actions: ({ event }) => target(event.v + 1) } },
  });
  const actor = createActor(machine).start();
  next = (v) => actor.send({ type: "item", v });
}
next(0);
if (result !== 10) throw new Error(`It came to ${result}`);
console.log("{}");
