import { writeFile } from "node:fs/promises";
import { argv } from "node:process";
import { Flow, type JobState } from "@routilux/routilux";
import { DataProcessor, DataSource, registry } from "./routines.ts";

// Builds the flow, runs it until the source is done, and writes everything that another host needs.

const [transferFile = "transfer.json"] = argv.slice(2);

const flow = new Flow({ id: "cross_host_flow", registry });
const source = flow.addRoutine(new DataSource(), "source");
const processor = flow.addRoutine(new DataProcessor(), "processor");
flow.connect(source.output, processor.input);

// Pauses while the source runs: the source may finish, the processor does not start.
const onReport = () => void flow.pause(job, { reason: "Transfer to Host B" });
const job: JobState = flow.execute(source.trigger, {}, { onReport });
await flow.waitForCompletion(job);

await writeFile(transferFile, JSON.stringify({ flow, jobState: job }, null, 2));
console.log("✅ Host A: Flow and JobState serialized and ready for transfer");
