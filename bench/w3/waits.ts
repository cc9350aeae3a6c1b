import { expectEqual, type Figures } from "../harness/program.ts";

/** The maximum number of concurrent calls. */
export const AT_ONCE = 100;

const WAIT_MS = 10;

/** A service that takes some time, and counts its calls. */
export class Service {
  calls = 0;
  /** The highest number of concurrent calls so far. */
  peak = 0;
  #waiting = 0;

  /** Waits. */
  async call(): Promise<void> {
    this.calls++;
    this.peak = Math.max(this.peak, ++this.#waiting);
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    this.#waiting--;
  }
}

/** Measures a run with a number of service calls. */
export async function timeWaits(count: number, run: (service: Service) => Promise<unknown>): Promise<Figures> {
  const service = new Service();
  const start = performance.now();
  await run(service);
  const ms = performance.now() - start;
  expectEqual("The number of calls", service.calls, count);
  if (service.peak > AT_ONCE) throw new Error(`${service.peak} calls have waited at once`);
  return { ms };
}
