import { once } from "node:events";
import { connect } from "node:net";
import process from "node:process";
import { text } from "node:stream/consumers";
import { Flow, type JobState } from "@routilux/routilux";
import { DataProcessor, DataSource, registry } from "../cross_host/routines.ts";

// Builds the flow, runs it until the source is done, and sends everything that host B needs: host_a.ts port [host].

const [port, host = "127.0.0.1"] = process.argv.slice(2);

const flow = new Flow({ id: "cross_host_flow", registry });
const source = flow.addRoutine(new DataSource(), "source");
const processor = flow.addRoutine(new DataProcessor(), "processor");
flow.connect(source.output, processor.input);

const onReport = () => void flow.pause(job, { reason: "Transfer to Host B" });
const job: JobState = flow.execute(source.trigger, {}, { onReport });
await flow.waitForCompletion(job);

const socket = connect(Number(port), host);
await once(socket, "connect");
socket.end(JSON.stringify({ flow, jobState: job })); // closing this side ends the message
const answer = await text(socket);

// The job belongs to host B once B has confirmed it. Until then it belongs to A, which may send it again or resume it.
if (answer === "accepted") {
  console.log("Host A: host B has accepted the job");
} else {
  console.error(`Host A: ${answer === "" ? "no answer" : answer}`);
  process.exitCode = 1;
}
