import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { readText } from "../house/source.ts";
import { test } from "node:test";
import { FLEET_DEFECTS } from "../../scripts/fleet_defects.ts";
import { FLEET_FOCUSES } from "../support/fleet_seed.ts";

test("each defect that fleets look for still applies: its code is there exactly once", () => {
  const broken = FLEET_DEFECTS.flatMap(({ rule, what, edits }) =>
    edits.filter(({ file, from }) => readText(file).split(from).length !== 2)
      .map(({ file, from }) => `rule ${rule}, ${what}: ${JSON.stringify(from)} in ${file}`)
  );
  assertEquals(broken, []);
});

test("each rule for stored jobs has a defect, and each defect that is not tried has a reason", () => {
  const rules = new Set(FLEET_DEFECTS.map(({ rule }) => rule));
  const wanted = [...Array.from({ length: 20 }, (_, i) => String(i + 1)), "essential", ..."ABCDEFRS"];
  assertEquals(wanted.filter((rule) => !rules.has(rule)), []);
  assertGreaterOrEqual(FLEET_DEFECTS.filter(({ rule }) => rule === "essential").length, 4);
  const unexplained = FLEET_DEFECTS.filter(({ edits, unfound }) => edits.length === 0 && unfound === undefined);
  assertEquals(unexplained, []);
});

test("each situation that fleets are about to find a defect is one of theirs", () => {
  const unknown = FLEET_DEFECTS.filter(({ focus }) => focus !== undefined && !FLEET_FOCUSES.includes(focus));
  assertEquals(unknown, []);
});
