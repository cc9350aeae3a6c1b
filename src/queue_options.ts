import { checkInteger, checkName, checkOptions, type OptionNames } from "./base/options.ts";
import { describeValue } from "./base/path.ts";
import type { QueueLimits } from "./ports/store.ts";
import type { QueueOptions, QueueRate } from "./work_options.ts";
import type { QueuePlan } from "./work_sources.ts";

const QUEUE: OptionNames<QueueOptions> = { name: true, concurrency: true, globalConcurrency: true, rate: true };
const RATE: OptionNames<QueueRate> = { count: true, perMs: true };

/**
 * Checks the queues that a worker is given.
 *
 * @throws {TypeError} for something that is no queue, an unknown option, and a queue that is there twice
 * @throws {RangeError} for a number out of range
 */
export function checkQueues(action: string, queues: readonly (string | QueueOptions)[]): readonly QueuePlan[] {
  if (!Array.isArray(queues)) {
    throw new TypeError(
      `${action}: queues must be a list of names or of objects with a name, got ${describeValue(queues)}`,
    );
  }
  const plans = queues.map((it, index) => checkQueue(action, `queues[${index}]`, it));
  const names = new Set<string>();
  for (const { name } of plans) {
    if (names.has(name)) throw new TypeError(`${action}: the queue "${name}" is in queues twice; give it one entry`);
    names.add(name);
  }
  return plans;
}

function checkQueue(action: string, path: string, queue: unknown): QueuePlan {
  const { name, concurrency, globalConcurrency, rate } = typeof queue === "string"
    ? { name: queue }
    : asQueue(action, path, queue);
  const perWorker = concurrency === undefined ? Infinity : checkInteger(action, `${path}.concurrency`, concurrency);
  const limits: QueueLimits = {
    ...(globalConcurrency !== undefined && {
      globalConcurrency: checkInteger(action, `${path}.globalConcurrency`, globalConcurrency),
    }),
    ...(rate !== undefined && { rate: checkRate(action, `${path}.rate`, rate) }),
  };
  const isLimited = Object.keys(limits).length > 0;
  return {
    name: checkName(action, `${path}.name`, name),
    concurrency: perWorker,
    limits: isLimited ? limits : undefined,
  };
}

function asQueue(action: string, path: string, queue: unknown): QueueOptions {
  if (typeof queue !== "object" || queue === null || !("name" in queue)) {
    throw new TypeError(`${action}: ${path} must be a name or an object with a name, got ${describeValue(queue)}`);
  }
  checkOptions<QueueOptions>(action, queue as QueueOptions, QUEUE, `${path}.`);
  return queue as QueueOptions;
}

function checkRate(action: string, path: string, rate: QueueRate): QueueRate {
  if (typeof rate !== "object" || rate === null) {
    throw new TypeError(`${action}: ${path} must be an object with count and perMs, got ${describeValue(rate)}`);
  }
  checkOptions(action, rate, RATE, `${path}.`);
  const { count, perMs } = rate;
  return { count: checkInteger(action, `${path}.count`, count), perMs: checkInteger(action, `${path}.perMs`, perMs) };
}
