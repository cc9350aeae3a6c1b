import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import process from "node:process";
import { Flow, JobState } from "@routilux/routilux";
import { registry } from "../cross_host/routines.ts";

// Waits for one job, answers whether it accepts the job, and finishes it: host_b.ts [port, 0 for a free one]. It
// listens on this machine only. On a real network, authenticate clients.

const MOST_CHARACTERS = 1_000_000;

const [port = "0"] = process.argv.slice(2);

// Half open: host A closes its side after the documents, and still waits for the answer.
const server = createServer({ allowHalfOpen: true });
server.listen(Number(port), "127.0.0.1");
await once(server, "listening");
const address = server.address();
console.log(`Host B: listening on port ${typeof address === "object" ? address?.port : address}`);

const [socket]: Socket[] = await once(server, "connection");
server.close();
if (socket !== undefined) await takeOver(socket);

async function takeOver(socket: Socket): Promise<void> {
  try {
    const { flow, job } = readTransfer(await receive(socket));
    flow.resume(job); // makes all checks before any handler runs
    socket.end("accepted");
    await flow.waitForCompletion(job, { timeoutMs: 10_000 });
    console.log(`Host B: ${job.status}, ${job.executionHistory.length} records`);
  } catch (error) {
    socket.end(`refused: ${error instanceof Error ? error.message : error}`, () => socket.destroy());
    console.error("Host B: refused");
    process.exitCode = 1;
  }
}

function receive(socket: Socket): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    socket.setEncoding("utf8").on("error", reject).on("end", () => resolve(text)).on("data", (chunk) => {
      text += chunk;
      if (text.length <= MOST_CHARACTERS) return;
      socket.pause();
      reject(new RangeError(`more than ${MOST_CHARACTERS} characters`));
    });
  });
}

function readTransfer(text: string): { flow: Flow; job: JobState } {
  const { flow, jobState } = JSON.parse(text);
  return { flow: Flow.fromJSON(flow, registry), job: JobState.fromJSON(jobState, registry) };
}
