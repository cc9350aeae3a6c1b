import { memoryUsage } from "node:process";
import type { Engine } from "@routilux/routilux";
import { hosts } from "../../src/engine/execution/engine_host.ts";
import { webTimers } from "../../src/host/web_timers.ts";
import type { Timers } from "../../src/ports/timers.ts";
import { collectGarbage } from "../harness/garbage.ts";
import type { Figures } from "../harness/program.ts";
import { CountedSignal, CountedStore, type CountedTimers, countTimers } from "./counted.ts";
import { POINTS, pointsOf } from "./workload.ts";

/** By how much the end may be above the first quarter. */
const MOST_GROWTH = 1.5;
/** What a runtime takes and gives back by itself, and how many timers come and go: that much more is no growth. */
const NOISE = { heap: 1_000_000, characters: 0, entries: 2, held: 4 };

interface Point {
  /** The heap in use after garbage collection, in bytes. */
  readonly heap: number;
  /** The characters of the longest journal since the point before. */
  readonly characters: number;
  /** Its entries. */
  readonly entries: number;
  /** How many timers, subscriptions, listeners and live jobs there are. */
  readonly held: number;
}

/** Measures what is kept along the way of one run, with a store, timers and a signal that count. */
export class Gauge {
  readonly counted: CountedStore = new CountedStore();
  readonly timers: CountedTimers;
  readonly signal: CountedSignal = new CountedSignal();
  /** The engine that is measured. */
  engine: Engine | undefined;
  readonly #total: number;
  readonly #points: Point[] = [];
  #heapBefore = 0;

  /** Makes a gauge for an amount of work. */
  constructor(total: number, timers: Timers = webTimers()) {
    this.#total = total;
    this.timers = countTimers(timers);
  }

  /** The work begins. */
  begin(): void {
    this.#heapBefore = heapInUse();
  }

  /** So much of the work is done. */
  reach(done: number): void {
    while (this.#points.length < POINTS && done * POINTS >= this.#total * (this.#points.length + 1)) {
      const heap = heapInUse();
      this.#points.push({ heap, held: this.#held(), ...this.counted.takeLongest() });
    }
  }

  /** Returns the figures, after a look at whether anything has grown. */
  figures(): Figures {
    const points = this.#points;
    const last = points.at(-1);
    if (last === undefined || points.length < POINTS) throw new Error(`There are ${points.length} points of ${POINTS}`);
    const firsts = points.slice(0, POINTS / 4);
    for (const kind of ["heap", "characters", "entries", "held"] as const) {
      const before = kind === "heap" ? this.#heapBefore : 0;
      const of = (point: Point) => Math.max(0, point[kind] - before) + NOISE[kind];
      const [most, end] = [Math.max(...firsts.map(of)), of(last)];
      if (end > most * MOST_GROWTH) {
        throw new Error(`It has grown from ${most} to ${end} (${kind}): ${points.map(of).join(", ")}`);
      }
    }
    const { heap, ...rest } = last;
    const figures: Record<string, number> = {
      heapBytes: heap,
      heapRatio: heap / Math.max(...firsts.map((it) => it.heap)),
      ...rest,
    };
    for (const [i, { key }] of pointsOf("heap").entries()) figures[key] = points[i]?.heap ?? NaN;
    for (const [i, { key }] of pointsOf("journal").entries()) figures[key] = points[i]?.characters ?? NaN;
    return figures;
  }

  #held(): number {
    const host = this.engine && hosts.get(this.engine);
    const ids = [...host?.store?.session.liveIds ?? []];
    const { counted, timers, signal } = this;
    return timers.pending + counted.subscriptions + signal.listeners + ids.length + (host?.live.size ?? 0);
  }
}

function heapInUse(): number {
  collectGarbage();
  return memoryUsage().heapUsed;
}
