import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Emissions, type EventSource } from "../../src/scheduler/emissions.ts";
import { History, type HistoryRecord, type Records } from "../../src/scheduler/history.ts";
import { seededRandom } from "../support/random.ts";

const TIME = { at: 7 };

const record = (data: number): HistoryRecord => ({ routine: "act", type: "emit", event: "output", data, at: TIME.at });

const CONNECTION = { routine: "act", event: "output" };
const ROUTE = { routine: "sink", slot: "input", connection: CONNECTION, mapping: undefined };
const ONE_WAY: EventSource = { ...CONNECTION, routes: [ROUTE] };
const NO_WAY: EventSource = { ...CONNECTION, routes: [] };

/** What a step has emitted. */
function emitted(events: readonly (readonly [source: EventSource, data: number])[], started?: string): Emissions {
  const emissions = new Emissions();
  for (const [source, data] of events) emissions.add(source, data);
  emissions.enter(1, TIME, started);
  return emissions;
}

/** Records of numbers, as a commit that was read has them, or one that has just been made. */
function part(numbers: readonly number[], isLive: boolean): Records {
  return isLive ? emitted(numbers.map((it) => [it % 3 === 0 ? NO_WAY : ONE_WAY, it])) : numbers.map(record);
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

const numbersOf = (history: History): unknown[] => history.toArray().map(({ data }) => data);

for (const sources of [[ONE_WAY, ONE_WAY], [NO_WAY, ONE_WAY], [ONE_WAY, { ...ONE_WAY, routes: [ROUTE, ROUTE] }]]) {
  const events = sources.map((source, index) => [source, index + 1] as const);
  const ways = sources.map(({ routes }) => routes.length).join(" and ");
  test(`the records of a step are its start and what it has emitted, by ${ways} ways`, () => {
    const records = emitted(events, "act");
    const start = { routine: "act", type: "start", event: undefined, data: undefined, at: 7 } as const;
    assertEquals([records.length, [...records]], [3, [start, record(1), record(2)]]);
    assertEquals([[...records.slice(0)], [...records.slice(1)], [...records.slice(2)]], [
      [start, record(1), record(2)],
      [record(1), record(2)],
      [record(2)],
    ]);
  });

  test(`records without a start can be cut anywhere, of ${ways} ways`, () => {
    const records = emitted(events);
    assertEquals([[...records.slice(0)].length, [...records.slice(1)], [...records.slice(2)]], [2, [record(2)], []]);
  });
}

for (const isLive of [true, false]) {
  const kind = isLive ? "steps" : "lists";
  test(`a history of ${kind} does as a plain array does, whatever is done to it`, () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      let limit = random.integer(8);
      let next = 0;
      let kept: number[] = [];
      const history = new History(limit);
      for (let i = 0; i < 60; i++) {
        if (random.integer(6) === 0) history.setLimit(limit = random.integer(8));
        else {
          const numbers = range(next, next += random.integer(5));
          history.push(part(numbers, isLive));
          kept.push(...numbers);
        }
        kept = kept.slice(Math.max(0, kept.length - limit));
        assertEquals(
          [numbersOf(history), history.size, history.dropped],
          [kept, kept.length, next - kept.length],
          `seed ${seed}`,
        );
      }
    }
  });

  test(`a history of ${kind} lets go of most of a step that has emitted very much`, () => {
    const history = new History(10);
    const cuts: number[] = [];
    const numbers = part(range(0, 5_000), isLive);
    const watched: Records = {
      length: numbers.length,
      slice: (start) => (cuts.push(start), numbers.slice(start)),
      [Symbol.iterator]: () => numbers[Symbol.iterator](),
    };
    history.push(watched);
    assertEquals([cuts, numbersOf(history), history.dropped], [[4_990], range(4_990, 5_000), 4_990]);
    history.push(part(range(5_000, 5_004), isLive));
    assertEquals([numbersOf(history), history.dropped], [range(4_994, 5_004), 4_994]);
  });

  test(`a restored history of ${kind} goes on counting`, () => {
    const history = new History(3);
    history.push(part([1, 2, 3, 4], isLive));
    history.restore(part([7, 8], isLive), 5);
    assertEquals([numbersOf(history), history.size, history.dropped], [[7, 8], 2, 5]);
    history.push(part([9, 10], isLive));
    assertEquals([numbersOf(history), history.size, history.dropped], [[8, 9, 10], 3, 6]);
    history.restore(part([1, 2, 3, 4], isLive));
    assertEquals([numbersOf(history), history.dropped], [[2, 3, 4], 1]);
  });
}
