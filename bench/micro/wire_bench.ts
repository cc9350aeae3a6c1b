import { JobState } from "@routilux/routilux";
import { pendingFlow, pendingJob, registry } from "../harness/pending_job.ts";
import { bench } from "./bench.ts";
import { TIMES } from "./repeated.ts";

// A job with 10,000 pending payloads: to a document, to text, and back.

const flow = pendingFlow();
const job = await pendingJob(flow, TIMES);
const text = JSON.stringify(job);
const parsed: unknown = JSON.parse(text);

bench("write the document", { group: "wire write" }, () => {
  if (job.toJSON().pendingTasks.length !== TIMES) throw new Error("The job was not written whole");
});
bench("write the text", { group: "wire write" }, () => {
  if (JSON.stringify(job).length !== text.length) throw new Error("The job was not written whole");
});
bench("write the text of the parsed document: plain JSON", { group: "wire write", baseline: true }, () => {
  if (JSON.stringify(parsed).length !== text.length) throw new Error("The document was not written whole");
});

bench("read the document", { group: "wire read" }, () => {
  if (JobState.fromJSON(parsed, registry).status !== "paused") throw new Error("The job was not read");
});
bench("read the text", { group: "wire read" }, () => {
  if (JobState.fromJSON(JSON.parse(text), registry).status !== "paused") throw new Error("The job was not read");
});
bench("parse the text: plain JSON", { group: "wire read", baseline: true }, () => {
  if (JSON.parse(text).pendingTasks.length !== TIMES) throw new Error("The text was not parsed whole");
});
bench("check the job before it is resumed", { group: "wire read" }, () => {
  if (flow.check(job).length > 0) throw new Error("The job does not fit");
});
