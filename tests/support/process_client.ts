import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { type ProcessLine, type ProcessRequest, type ProcessSetup, WORKING_PROCESS } from "./working_process.ts";

/** A process has ended before it answered. */
export class ProcessGoneError extends Error {
  override readonly name = "ProcessGoneError";
}

/** A call was refused by a process. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  /** The name of the error there, and the reason of a `StateError`. */
  readonly error: NonNullable<ProcessLine["error"]>;
  constructor(error: NonNullable<ProcessLine["error"]>) {
    super(`${error.name}: ${error.message}`);
    this.error = error;
  }
}

interface Pending {
  readonly request: ProcessRequest;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A working process, as the test sees it. */
export class ProcessClient {
  readonly setup: ProcessSetup;
  /** Resolves with the code when the process has ended: `null` when it was killed. */
  readonly exit: Promise<number | null>;
  /** Whether it takes no more requests: it is about to be ended. */
  isEnding = false;
  readonly #child: ChildProcess;
  readonly #pending: Map<number, Pending> = new Map();
  readonly #listeners: Set<() => void> = new Set();
  #requests = 0;
  #complaint = "";

  /** Starts a process; `onExit` is called before anybody hears of its end. */
  constructor(setup: ProcessSetup, onExit: (process: number) => void) {
    this.setup = setup;
    const child = spawn(process.execPath, [WORKING_PROCESS, JSON.stringify(setup)], { stdio: "pipe" });
    this.#child = child;
    child.stderr.on("data", (data) => this.#complaint += data);
    // A process that was killed reads no more.
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (line) => this.#onLine(JSON.parse(line)));
    this.exit = once(child, "close").then(([code]) => {
      onExit(setup.process);
      this.isEnding = true;
      for (const { reject } of this.#pending.values()) reject(new ProcessGoneError(`Process ${setup.process} is gone`));
      for (const listener of this.#listeners) listener();
      if (code !== 0 && code !== null) {
        throw new Error(`Process ${setup.process} ended with ${code}: ${this.#complaint}`);
      }
      return code;
    });
  }

  /** What the process has not answered. */
  get unanswered(): readonly ProcessRequest[] {
    return Array.from(this.#pending.values(), ({ request }) => request);
  }

  /**
   * Asks something of the process.
   *
   * @throws {RefusedError} when it refuses
   * @throws {ProcessGoneError} when it ends without an answer
   */
  ask(request: ProcessRequest): Promise<unknown> {
    const id = ++this.#requests;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { request, resolve, reject }));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      this.#pending.delete(id);
      return Promise.reject(new ProcessGoneError(`Process ${this.setup.process} is gone`));
    }
    this.#child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    return answer;
  }

  /** Waits until the process has said some more lines, or has ended. */
  async lines(count: number): Promise<void> {
    if (count === 0 || this.isEnding) return;
    await new Promise<void>((resolve) => {
      const listener = () => {
        if (--count > 0 && !this.isEnding) return;
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }

  /** Kills the process by SIGKILL, and waits until it has ended. */
  async kill(): Promise<void> {
    this.isEnding = true;
    this.#child.kill("SIGKILL");
    await this.exit;
  }

  /** Closes the engine, and waits until the process has ended by itself. */
  async close(): Promise<void> {
    this.isEnding = true;
    await this.ask({ call: "close" });
    await this.exit;
  }

  #onLine({ id, value, error }: ProcessLine): void {
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (id !== undefined) this.#pending.delete(id);
    if (error === undefined) pending?.resolve(value);
    else pending?.reject(new RefusedError(error));
    for (const listener of [...this.#listeners]) listener();
  }
}
