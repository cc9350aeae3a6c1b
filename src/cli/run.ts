import { Call, helpOf } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { CommandError, EXIT, type ExitCode, failureOf, isClosedPipe } from "./failure.ts";
import type { CommandHost } from "./host.ts";
import { VERSION } from "./version.ts";
import { described, WIDTH, wrapped } from "./wrapped.ts";

/**
 * Runs a command of the command line, and returns its exit code. Nothing is thrown: what goes wrong is printed as one line on the
 * standard error, in JSON where the answer would be JSON.
 *
 * @param args the arguments after the program's name
 * @param host what the command has of its process
 *
 * @example The help, as a text
 * ```ts
 * import { run } from "@routilux/routilux/cli";
 *
 * let text = "";
 * const output = { isTerminal: false, write: (part: string) => Promise.resolve(void (text += part)) };
 * await run(["--help"], {
 *   output,
 *   errors: output,
 *   input: new ReadableStream(),
 *   signal: new AbortController().signal,
 *   timers: { now: Date.now, elapsed: () => performance.now(), setTimer: () => () => {}, after: () => () => {}, soon: queueMicrotask },
 *   variable: () => undefined,
 * }); // 0
 * text.startsWith("routilux"); // true
 * ```
 */
export async function run(args: readonly string[], host: CommandHost): Promise<number> {
  try {
    return await dispatch(args, host);
  } catch (error) {
    if (isClosedPipe(error)) return EXIT.done;
    if (host.signal.aborted) return EXIT.interrupted;
    const { exit, line } = failureOf(error);
    const isJson = args.includes("--json");
    await host.errors.write(`${isJson ? JSON.stringify({ error: { exit, message: line } }) : `error: ${line}`}\n`)
      .catch(() => {});
    return exit;
  }
}

async function dispatch(args: readonly string[], host: CommandHost): Promise<ExitCode> {
  const [first] = args;
  if (first === undefined || first === "--help" || first === "help") {
    await host.output.write(`${overview().join("\n")}\n`);
    return first === undefined ? EXIT.usage : EXIT.done;
  }
  if (first === "--version") {
    await host.output.write(`${VERSION}\n`);
    return EXIT.done;
  }
  const command = COMMANDS.find(({ name }) => wordsOf(name).every((word, index) => args[index] === word));
  if (command === undefined) throw new CommandError(EXIT.usage, unknown(args));
  const call = new Call(host, command, args.slice(wordsOf(command.name).length));
  if (!call.flag("help")) return await command.run(call);
  await host.output.write(`${helpOf(command).join("\n")}\n`);
  return EXIT.done;
}

function wordsOf(name: string): readonly string[] {
  return name.split(" ");
}

function unknown([first = "", second]: readonly string[]): string {
  const group = COMMANDS.filter(({ name }) => wordsOf(name).length > 1 && wordsOf(name)[0] === first);
  const known = group.length === 0 ? COMMANDS.map(({ name }) => name) : group.map(({ name }) => name);
  const given = group.length === 0 || second === undefined ? first : `${first} ${second}`;
  return `there is no command ${JSON.stringify(given)}; the commands are ${known.join(", ")}; see routilux --help`;
}

function overview(): string[] {
  return [
    "routilux: look into jobs, and steer them",
    "",
    ...described(COMMANDS.map(({ about, args, name }) => [[name, ...args].join(" "), about]), MOST_USAGE),
    "",
    "Each command has --json, and --help for its options; --version says which it is.",
    "",
    ...wrapped(EXIT_CODES, WIDTH),
  ];
}

/** The longest command, in characters, whose description stands beside it; with longer ones the descriptions stand below. */
const MOST_USAGE = 20;

const EXIT_CODES =
  "Exit codes: 0 done; 1 done, and the answer is no (findings, differences, jobs left out); 2 wrong usage; 3 unreadable " +
  "input; 4 the store is out of reach, has no such job or refuses; 70 a fault of routilux; 130 interrupted.";
