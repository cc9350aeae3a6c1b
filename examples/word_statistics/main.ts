import process from "node:process";
import { fileURLToPath } from "node:url";
import { ErrorHandler, Flow } from "@routilux/routilux";
import {
  LetterCounter,
  LineReader,
  registry,
  SentenceMeter,
  SyllableCounter,
  Totals,
  WordCounter,
} from "./routines.ts";
import { readState, removeState, type Work, writeState } from "./state_files.ts";

// Statistics of a text: main.ts [text] [folder for the state]. Stop it with Ctrl-C; the same command continues from
// there. The default text is chapters I and II of "Alice's Adventures in Wonderland" by Lewis Carroll (1865), which is
// in the public domain.

const ALICE = fileURLToPath(new URL("alice.txt", import.meta.url));
const INTERRUPTED = 130; // the exit code that shells report for Ctrl-C

const [file = ALICE, folder = "word_statistics.state"] = process.argv.slice(2);

const saved = await readState(folder, registry);
if (saved !== undefined && saved.job.jobId !== file) {
  throw new Error(`${folder} holds a job for ${saved.job.jobId}: finish that one, or remove the folder`);
}
const work = saved ?? createWork();
const { flow, job } = work;
if (saved !== undefined) showProgress(`going on with ${job.pendingTasks.length} tasks`);

flow.resume(job, { onReport: (text) => showProgress(String(text)) });
const interrupt = () => void flow.pause(job, { reason: "Ctrl-C", graceMs: 200 });
process.once("SIGINT", interrupt); // once: a second Ctrl-C ends the process
await flow.waitForCompletion(job);
process.off("SIGINT", interrupt);

if (process.stderr.isTTY) process.stderr.write("\n");
if (job.status === "paused") {
  await writeState(folder, work);
  process.stderr.write(`Stopped with ${job.pendingTasks.length} tasks left. Run the same command to go on.\n`);
  process.exitCode = INTERRUPTED;
} else if (job.status === "failed") {
  process.stderr.write(`Failed: ${job.error?.message}\n`);
  process.exitCode = 1;
} else {
  for (const { data } of job.outputLog) console.log(data);
  console.log(`The syllable service was busy ${job.retryCount("syllables")} times`);
  await removeState(folder);
}

/** The pipeline: the reader sends lines and paragraphs to four workers, and a collector adds up their results. */
function createWork(): Work {
  const flow = new Flow({
    id: "word_statistics",
    registry,
    executionStrategy: "concurrent",
    maxWorkers: 4,
    executionTimeoutMs: Infinity, // a long text may take longer than the default
  });
  const reader = flow.addRoutine(new LineReader(), "reader");
  const wordCounter = flow.addRoutine(new WordCounter(), "words");
  const letterCounter = flow.addRoutine(new LetterCounter(), "letters");
  const sentenceMeter = flow.addRoutine(new SentenceMeter(), "sentences");
  const syllableCounter = flow.addRoutine(new SyllableCounter(), "syllables");
  const totals = flow.addRoutine(new Totals(), "totals");

  flow.connect(reader.line, wordCounter.input);
  flow.connect(reader.line, letterCounter.input);
  flow.connect(reader.paragraph, sentenceMeter.input);
  flow.connect(reader.paragraph, syllableCounter.input);
  flow.connect(reader.end, totals.part);
  for (const { output } of [wordCounter, letterCounter, sentenceMeter, syllableCounter]) {
    flow.connect(output, totals.part);
  }
  totals.setConfig({ partsOfLine: 2, partsOfParagraph: 2 });
  syllableCounter.setErrorHandler(
    new ErrorHandler({ strategy: "retry", retryDelayMs: 50, retryableErrors: ["BusyError"] }),
  );
  return { flow, job: flow.create(reader.trigger, { file }, { jobId: file }) };
}

/** Prints progress: on a terminal one line that is overwritten, elsewhere one line each. */
function showProgress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}
