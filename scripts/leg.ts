import process from "node:process";
import { runLeg } from "../tests/runtimes/relay.ts";

// One leg of the relay, as a process of its own in Deno, Bun or Node.

console.log(await runLeg(process.env["TEXT"] ?? ""));
