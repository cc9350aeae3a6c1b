import { open } from "node:fs/promises";
import type { ListPosition } from "../ports/store_kit.ts";
import { readExportedJob } from "./exported_job.ts";
import { CommandError, EXIT } from "./failure.ts";
import { readJsonLines } from "./json_lines.ts";
import { unusableFile } from "./unusable_file.ts";

const CHUNK_BYTES = 2 ** 16;

/** The bytes of a file as a stream, up to a length. The file is closed at the end, when it cannot be read, and when the stream is cancelled. */
export async function streamFile(path: string, length: number = Infinity): Promise<ReadableStream<Uint8Array>> {
  const file = await open(path, "r").catch((cause: unknown) => {
    throw unusableFile(path, "read", cause);
  });
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      const buffer = new Uint8Array(Math.min(CHUNK_BYTES, length - at));
      const { bytesRead } = buffer.length === 0
        ? { bytesRead: 0 }
        : await file.read(buffer, 0, buffer.length, at).catch(async (cause: unknown) => {
          await file.close();
          throw unusableFile(path, "read", cause);
        });
      at += bytesRead;
      if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
      await file.close();
      controller.close();
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}

/** What an interrupted export has left in its file. */
export interface LeftExport {
  /** The place of its last job, if it has one. */
  readonly after: ListPosition | undefined;
  /** How many bytes its whole lines have: what follows was cut short. */
  readonly bytes: number;
  /** How many jobs it has. */
  readonly count: number;
}

/**
 * Reads what an interrupted export has left.
 *
 * @throws {CommandError} when the file is no export
 */
export async function lastJobOf(path: string, signal: AbortSignal): Promise<LeftExport> {
  const bytes = await lengthOfLines(path);
  let after: ListPosition | undefined;
  let count = 0;
  for await (const { line, value } of readJsonLines(await streamFile(path, bytes), path)) {
    signal.throwIfAborted();
    const job = readExportedJob(value);
    if (typeof job === "string") throw new CommandError(EXIT.input, `${path}: line ${line}: ${job}; it is no export`);
    after = { jobId: job.jobId, createdAt: job.labels.createdAt };
    count++;
  }
  return { after, bytes, count };
}

/** How many bytes a file has up to its last line break. */
async function lengthOfLines(path: string): Promise<number> {
  let [at, end] = [0, 0];
  for (const reader = (await streamFile(path)).getReader();;) {
    const { done, value } = await reader.read();
    if (done) return end;
    const last = value.lastIndexOf(0x0a);
    if (last >= 0) end = at + last + 1;
    at += value.length;
  }
}
