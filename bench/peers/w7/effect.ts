import { Effect } from "effect";

let effect = Effect.succeed(0);
for (let i = 0; i < 10; i++) effect = Effect.flatMap(effect, (v) => Effect.promise(async () => v + 1));
const result = await Effect.runPromise(effect);
if (result !== 10) throw new Error(`It came to ${result}`);
console.log("{}");
