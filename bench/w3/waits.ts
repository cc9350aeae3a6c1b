import { expectEqual, type Figures } from "../harness/program.ts";

/** How many calls may wait at the same time. */
export const AT_ONCE = 100;

const WAIT_MS = 10;

/** Something that takes its time, and counts. */
export class Service {
  calls = 0;
  /** The most calls that have waited at the same time. */
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

/** Times a run that calls a service so many times. */
export async function timeWaits(count: number, run: (service: Service) => Promise<unknown>): Promise<Figures> {
  const service = new Service();
  const start = performance.now();
  await run(service);
  const ms = performance.now() - start;
  expectEqual("The number of calls", service.calls, count);
  if (service.peak > AT_ONCE) throw new Error(`${service.peak} calls have waited at once`);
  return { ms };
}
