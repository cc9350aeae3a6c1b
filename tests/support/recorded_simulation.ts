import { simulate, type Simulation } from "../../src/testing/mod.ts";
import { approve, createShop, EVERYTHING, simulatedSleep } from "./simulated_flow.ts";

/** What simulations come to, as it is kept from one change of the library to the next. */
export interface Recorded {
  /** The trace of one, in lines. */
  readonly trace: readonly string[];
  /** The text of its job at the end. */
  readonly end: string;
  /** How many have been summed up. */
  readonly seeds: number;
  /** How many steps these made. */
  readonly steps: number;
  /** A number that stands for all their traces and ends. */
  readonly sum: number;
}

/** A seed with which every kind of fault strikes. */
const SEED = 42;
const SEEDS = 40;

/** Simulates a job of the shop, with everything that can go wrong. */
export function simulateShop(seed: number, maxWorkers: number, count: number): Promise<Simulation> {
  const { flow, counter } = createShop(maxWorkers > 1 ? { executionStrategy: "concurrent", maxWorkers } : {});
  return simulate(flow, {
    entry: counter.trigger,
    params: { count },
    seed,
    faults: EVERYTHING,
    services: simulatedSleep,
    onIdle: approve,
  });
}

/** A trace in lines. */
export function linesOf({ trace }: Simulation): string[] {
  return trace.map(({ at, host, type, text }) => `${at} ms, host ${host}, ${type}: ${text}`);
}

/** Makes what is kept. */
export async function record(): Promise<Recorded> {
  const one = await simulateShop(SEED, 2, 2);
  let [steps, sum] = [0, 0x811c9dc5];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const simulation = await simulateShop(seed, 1 + seed % 4, 3);
    steps += simulation.trace.length;
    sum = digest(`${linesOf(simulation).join("\n")}\n${JSON.stringify(simulation.job)}`, sum);
  }
  return { trace: linesOf(one), end: JSON.stringify(one.job), seeds: SEEDS, steps, sum };
}

/** A number that stands for a text: FNV-1a over its UTF-16 units, from where another text has led. */
function digest(text: string, start: number): number {
  let value = start;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
