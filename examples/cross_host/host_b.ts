import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { Flow, JobState } from "@routilux/routilux";
import { registry } from "./routines.ts";

// Reads the documents that host A has written, and finishes the job.

const [transferFile = "transfer.json"] = argv.slice(2);

const transfer = JSON.parse(await readFile(transferFile, "utf8"));
const flow = Flow.fromJSON(transfer.flow, registry);
const job = JobState.fromJSON(transfer.jobState, registry);

flow.resume(job);
await flow.waitForCompletion(job, { timeoutMs: 10_000 });

console.log("✅ Host B: Execution resumed and completed");
console.log(`   Final status: ${job.status}`);
console.log(`   Execution history: ${job.executionHistory.length} records`);
