import PQueue from "p-queue";

let result = 0;
let next = async (v: number): Promise<void> => void (result = v);
for (let i = 0; i < 10; i++) {
  const target = next;
  const queue = new PQueue({ concurrency: 1 });
  next = (v) => queue.add(() => target(v + 1));
}
await next(0);
if (result !== 10) throw new Error(`It came to ${result}`);
console.log("{}");
