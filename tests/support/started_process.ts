import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import process from "node:process";
import { MOST_WAIT_MS, TimeLimit } from "./time_limit.ts";

/** What is started, and how. */
export interface Command {
  /** The program; without it, the runtime that runs the test. */
  readonly program?: string;
  readonly args: readonly string[];
  /** The working directory. */
  readonly folder?: string;
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** The standard input. Without it, it stays open: a process that works until it is killed ends when it is closed. */
  readonly input?: string;
  /** How long it may run, in milliseconds. */
  readonly limitMs?: number;
}

type Signal = "SIGINT" | "SIGKILL" | "SIGTERM";

/** How a process has ended, and what it has printed. */
export interface EndedProcess {
  /** The exit code; `null` when a signal has ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A process that a test has started. Its output comes to the test and never to the runner's: whoever waits for the runner's output would wait
 * for the process, too. It is killed when its time is up, and whoever waits for it then is told for what.
 */
export class StartedProcess {
  readonly #name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<EndedProcess>;
  readonly #limit: TimeLimit;
  readonly #listeners = new Set<() => void>();
  #stdout = "";
  #stderr = "";
  /** How much of the standard output was returned as lines. */
  #read = 0;
  #hasEnded = false;

  /** Starts a process. */
  constructor({ program = process.execPath, args, folder, env, input, limitMs = MOST_WAIT_MS }: Command) {
    this.#name = args.find((it) => /\.\w+$/.test(it))?.split("/").slice(-2).join("/") ?? program;
    const child = spawn(program, args, { cwd: folder, env: { ...process.env, ...env }, stdio: "pipe" });
    this.#child = child;
    this.#limit = new TimeLimit(limitMs, () => {
      this.signal("SIGKILL");
      return ` of the process ${this.#describe()}`;
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#tell();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#tell();
    });
    // A process that was killed reads no more.
    child.stdin.on("error", () => {});
    if (input !== undefined) child.stdin.end(input);
    this.#closed = new Promise((resolve, reject) => {
      const end = () => {
        this.#hasEnded = true;
        this.#tell();
      };
      child.on("error", (error) => {
        reject(error);
        end();
      });
      child.on("close", (code, signal) => {
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
        end();
      });
    });
    this.#closed.catch(() => {});
  }

  /** The id of the process. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Whether it has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What it has printed on the standard error output. */
  get stderr(): string {
    return this.#stderr;
  }

  /**
   * Waits for the next line of its standard output.
   *
   * @throws when it ends before
   */
  async line(what: string = "a line"): Promise<string> {
    const end = await this.#until(what, () => {
      const end = this.#stdout.indexOf("\n", this.#read);
      return end < 0 ? undefined : end;
    });
    const line = this.#stdout.slice(this.#read, end);
    this.#read = end + 1;
    return line;
  }

  /** Waits until it has printed something. Returns whether it has: it may have ended before. */
  async says(what: RegExp): Promise<boolean> {
    const has = () => what.test(this.#stdout) || what.test(this.#stderr);
    await this.#until(String(what), () => has() || this.#hasEnded ? true : undefined);
    return has();
  }

  /** Waits for something that the process is to do. */
  waitFor<T>(what: string, promise: PromiseLike<T>): Promise<T> {
    return this.#limit.waitFor(what, promise);
  }

  /** Writes to its standard input. */
  write(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Ends its standard input. */
  closeInput(): void {
    this.#child.stdin.end();
  }

  /** Reads no more of its standard output. */
  closeOutput(): void {
    this.#child.stdout.destroy();
  }

  /** Sends it a signal. */
  signal(name: Signal): void {
    const { exitCode, pid, signalCode } = this.#child;
    // Not `child.kill`: in Deno that closes the standard input before, and hides the exit code of a process that ends by itself.
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(pid, name);
  }

  /** Waits until it has ended. */
  async ended(): Promise<EndedProcess> {
    return await this.waitFor("the end", this.#closed);
  }

  /**
   * Kills it, if it has not ended, and waits until it has. To be called on every way out of a test.
   *
   * @throws when its time was up before
   */
  async end(): Promise<void> {
    this.signal("SIGKILL");
    await this.#closed.catch(() => {});
    this.#limit.end();
  }

  async #until<T>(what: string, find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.#hasEnded) {
        // A program that is not there has not ended either.
        await this.#closed;
        throw new Error(`The test waits for ${what} of the process ${this.#describe()}`);
      }
      let listener = () => {};
      const isTold = new Promise<void>((resolve) => this.#listeners.add(listener = resolve));
      await this.waitFor(what, isTold).finally(() => this.#listeners.delete(listener));
    }
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #describe(): string {
    const { exitCode, signalCode } = this.#child;
    const state = this.#hasEnded ? `has ended with ${signalCode ?? exitCode}` : "runs";
    const [output, errors] = [this.#stdout, this.#stderr].map((it) => JSON.stringify(it.slice(-2_000)));
    return `${this.#name}, which ${state} and has printed ${output} and ${errors}`;
  }
}

/** Starts a process for a test, and ends it whatever happens. */
export async function withProcess<T>(command: Command, use: (started: StartedProcess) => Promise<T>): Promise<T> {
  const started = new StartedProcess(command);
  try {
    return await use(started);
  } finally {
    await started.end();
  }
}

/** Runs a process to its end. */
export function runProcess(command: Command): Promise<EndedProcess> {
  return withProcess(command, (started) => started.ended());
}
