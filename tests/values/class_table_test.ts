import { test } from "node:test";
import { assertThrows } from "@std/assert";
import { OpenClassTable } from "../../src/values/class_table.ts";

test("an open table revives nothing that it has not named", () => {
  assertThrows(() => new OpenClassTable().revive("Point", {}), TypeError, "Class 'Point' is not known here");
});
