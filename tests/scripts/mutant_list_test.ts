import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { MUTATED_FILES } from "../../scripts/mutant_list.ts";
import { readText } from "../house/source.ts";

test("each place that a mutant changes is found in its file, once", () => {
  const lost = MUTATED_FILES.flatMap(({ file, mutants }) => {
    const text = readText(file);
    return mutants.filter(([find]) => text.split(find).length !== 2).map(([find]) => `${file}: ${find}`);
  });
  assertEquals(lost, []);
});

test("each mutant is another program, and no other mutant", () => {
  for (const { file, mutants } of MUTATED_FILES) {
    const texts = new Set([readText(file)]);
    for (const [find, replacement] of mutants) texts.add(readText(file).replace(find, () => replacement));
    assertEquals(texts.size, mutants.length + 1, file);
  }
});
