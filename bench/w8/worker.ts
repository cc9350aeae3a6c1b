import process from "node:process";
import { openFlows } from "./flow.ts";

// A worker. Its argument is the address of the server. It says `ready`, works until a line comes on its input, and prints the processor
// time that it has used since `ready`, in milliseconds.

const [, , address = ""] = process.argv;
const { engine, close } = openFlows(address);
engine.work({ concurrency: 200 });
await engine.count();
const before = process.cpuUsage();
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${(user + system) / 1_000}\n`);
await close();
process.exit();
