import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Emissions, type EventSource } from "../../src/job/emissions.ts";
import { type HistoryRecord, recordOf } from "../../src/job/history.ts";

const TIME = { at: 7 };

const record = (data: number): HistoryRecord => ({ routine: "act", type: "emit", event: "output", data, at: TIME.at });

const CONNECTION = { routine: "act", event: "output" };
const ROUTE = { routine: "sink", slot: "input", connection: CONNECTION, mapping: undefined };
const ONE_WAY: EventSource = { ...CONNECTION, routes: [ROUTE], only: ROUTE };
const NO_WAY: EventSource = { ...CONNECTION, routes: [], only: undefined };
const TWO_WAYS: EventSource = { ...CONNECTION, routes: [ROUTE, ROUTE], only: undefined };

for (const sources of [[ONE_WAY, ONE_WAY], [NO_WAY, ONE_WAY], [ONE_WAY, NO_WAY], [ONE_WAY, TWO_WAYS], [TWO_WAYS]]) {
  const ways = sources.map(({ routes }) => routes.length);
  test(`the history of a step tells once of each emission, by ${ways.join(" and ")} ways`, () => {
    const emissions = new Emissions();
    for (const [index, source] of sources.entries()) emissions.add(source, index);
    emissions.enter(5, TIME);
    assertEquals(emissions.entries.map(recordOf), sources.map((_, index) => record(index)));
    const expected = ways.flatMap((count, index) => new Array<number>(count).fill(index));
    assertEquals(
      emissions.tasks.map(({ id, data, created }) => [id, data, created]),
      expected.map((data, i) => [5 + i, data, TIME]),
    );
  });
}

test("a start is a line without an event and data, and a line that was read is itself", () => {
  const start = { routine: "act", type: "start", event: undefined, data: undefined, at: 7 } as const;
  assertEquals(recordOf({ routine: "act", time: TIME }), start);
  assertEquals(recordOf(record(3)), record(3));
});

test("a step that has emitted nothing tells of nothing", () => {
  const emissions = new Emissions();
  emissions.enter(1, TIME);
  assertEquals([emissions.tasks, emissions.entries], [[], []]);
});
