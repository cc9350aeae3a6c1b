import { CommandError, EXIT, reasonOf } from "./failure.ts";

/** The longest line that is read, in characters: a file without line breaks must not fill the memory. */
const LONGEST_LINE = 2 ** 29 - 1024;

const REMEDY = "give the lines that `routilux export` has written, in UTF-8";

/** A value of a file of JSON lines. */
export interface NumberedValue {
  /** The number of its line, from 1. */
  readonly line: number;
  /** The value. */
  readonly value: unknown;
}

/**
 * Reads a stream of JSON lines value by value; empty lines are passed over.
 *
 * @param source what the stream is called in messages
 * @throws {CommandError} for a line that is no JSON, naming it, and for bytes that are no UTF-8
 */
export async function* readJsonLines(
  bytes: ReadableStream<Uint8Array>,
  source: string,
): AsyncGenerator<NumberedValue, void, undefined> {
  // The lines that have been handed to the parser, and whose values have not come yet.
  const handed: number[] = [];
  const { JsonParseStream } = await import("@std/json");
  const decoder = new TextDecoderStream("utf-8", { fatal: true });
  const values = decoder.readable.pipeThrough(splitLines((line) => handed.push(line))).pipeThrough(
    new JsonParseStream(),
  );
  const piped = bytes.pipeTo(decoder.writable as WritableStream<Uint8Array>);
  piped.catch(() => {}); // Whoever reads the values hears of it.
  const reader = values.getReader();
  let last = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        if (cause instanceof CommandError) throw cause;
        const line = handed[0] ?? last + 1;
        throw new CommandError(EXIT.input, `${source}: line ${line}: ${reasonOf(cause)}; ${REMEDY}`, { cause });
      });
      if (done) return;
      last = handed.shift() ?? 0; // Unreachable default: a value comes of a line that was handed to the parser.
      yield { line: last, value };
    }
  } finally {
    // A reader that stops early has all that it needs: errors in the rest of the source do not concern it.
    await reader.cancel().catch(() => {});
    await piped.catch(() => {});
  }
}

/**
 * Writes values as JSON lines. The next value is asked for when there is room for it. When the call settles, the values and the sink
 * are closed.
 *
 * @throws what the values or the sink throw, and the signal's reason when it is aborted
 */
export async function writeJsonLines(
  values: AsyncIterator<unknown>,
  sink: WritableStream<string>,
  signal: AbortSignal,
): Promise<void> {
  const { JsonStringifyStream } = await import("@std/json");
  const source = new ReadableStream<unknown>({
    async pull(controller) {
      const { done, value } = await values.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await values.return?.();
    },
  }, { highWaterMark: 0 });
  const lines = new JsonStringifyStream();
  const ends = await Promise.allSettled([source.pipeTo(lines.writable, { signal }), lines.readable.pipeTo(sink)]);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** Splits a text into its lines that are not blank. `onLine` is told the number of each before it goes on. */
function splitLines(onLine: (line: number) => void): TransformStream<string, string> {
  // A line that comes in many chunks is put together once: otherwise its beginning would be copied with each of them.
  let parts: string[] = [];
  let length = 0;
  let line = 0;
  const end = (part: string, controller: TransformStreamDefaultController<string>) => {
    const text = parts.length === 0 ? part : parts.join("") + part;
    [parts, length] = [[], 0];
    line++;
    if (text.trim() === "") return;
    onLine(line);
    controller.enqueue(text);
  };
  return new TransformStream({
    transform(chunk, controller) {
      let from = 0;
      for (let at = chunk.indexOf("\n"); at >= 0; at = chunk.indexOf("\n", from)) {
        end(chunk.slice(from, at), controller);
        from = at + 1;
      }
      parts.push(chunk.slice(from));
      length += chunk.length - from;
      // Unreachable: a test would need that much memory.
      if (length > LONGEST_LINE) throw new RangeError(`line ${line + 1} is longer than ${LONGEST_LINE} characters`);
    },
    flush: (controller) => end("", controller),
  });
}
