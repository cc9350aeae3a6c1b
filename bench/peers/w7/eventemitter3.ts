import { EventEmitter } from "eventemitter3";

let result = 0;
const emitter = new EventEmitter();
for (let i = 0; i < 10; i++) emitter.on(`step_${i}`, (v: number) => emitter.emit(`step_${i + 1}`, v + 1));
emitter.on("step_10", (v: number) => void (result = v));
emitter.emit("step_0", 0);
if (result !== 10) throw new Error(`It came to ${result}`);
console.log("{}");
