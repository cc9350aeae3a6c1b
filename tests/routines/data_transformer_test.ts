import { test } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DataTransformer, type TransformedData } from "../../src/routines/mod.ts";
import { tryRoutine } from "../support/try_routine.ts";

const double = (data: number) => data * 2;

/** What a transformer sends for one input. */
async function transformed(
  transformer: DataTransformer,
  data: unknown,
  registry?: { double: typeof double },
): Promise<unknown> {
  const options = registry === undefined ? {} : { registry, moved: true };
  const { job, outputs } = await tryRoutine(transformer, [{ data: { data } }], options);
  assertEquals([job.status, outputs.length], ["completed", 1]);
  return outputs[0]?.data;
}
const steps = (...names: readonly string[]) => new DataTransformer().setSteps(...names);

test("C323 lowercase", async () => {
  assertEquals(await transformed(steps("lowercase"), "HELLO"), { data: "hello", errors: [] });
});

test("C324 steps run one after the other", async () => {
  assertEquals(await transformed(steps("lowercase", "strip_whitespace"), "  HELLO  "), { data: "hello", errors: [] });
  assertEquals(await transformed(steps("to_int", "to_string"), "5.7"), { data: "5", errors: [] });
});

test("every built-in step does what its name says", async () => {
  const results = await Promise.all([
    transformed(steps("uppercase"), "straße"),
    transformed(steps("strip_whitespace"), "\t a b \n"),
    transformed(steps("to_string"), 5),
    transformed(steps("to_string"), "as it is"),
    transformed(steps("to_string"), { a: [1, null] }),
    transformed(steps("to_int"), " -7.9 "),
    transformed(steps("to_int"), 7.9),
    transformed(steps("to_float"), "1e3"),
    transformed(steps(), { any: "thing" }),
  ]);
  assertEquals(results.map((result) => (result as { data: unknown }).data), [
    "STRASSE",
    "a b",
    "5",
    "as it is",
    '{"a":[1,null]}',
    -7,
    7,
    1_000,
    { any: "thing" },
  ]);
});

test("C325 a step that was added is applied, also after a move when it is registered", async () => {
  const make = () => new DataTransformer().addStep("double", double).setSteps("double", "double");
  assertEquals(await transformed(make(), 5), { data: 20, errors: [] });
  assertEquals(await transformed(make(), 5, { double }), { data: 20, errors: [] });
});

test("an added step goes before a built-in one of the same name", async () => {
  const shout = (data: string) => `${data}!`;
  assertEquals(await transformed(new DataTransformer().addStep("lowercase", shout).setSteps("lowercase"), "A"), {
    data: "A!",
    errors: [],
  });
});

test("a step may be a method of a subclass", async () => {
  class Own extends DataTransformer {
    readonly suffix = "?";
    constructor() {
      super();
      this.addStep("ask", this.ask).setSteps("ask");
    }
    ask(data: string): string {
      return data + this.suffix;
    }
  }
  const { outputs } = await tryRoutine(new Own(), [{ data: { data: "a" } }], { registry: { Own }, moved: true });
  assertEquals(outputs.map(({ data }) => data), [{ data: "a?", errors: [] }]);
});

test("C326 a step that fails is told in the output, the others go on, and the job completes", async () => {
  assertEquals(await transformed(steps("to_int"), "five"), {
    data: "five",
    errors: [{ step: "to_int", message: 'expected a number, got "five"' }],
  });
  assertEquals(await transformed(steps("to_int", "uppercase", "to_float"), "five"), {
    data: "FIVE",
    errors: [
      { step: "to_int", message: 'expected a number, got "five"' },
      { step: "to_float", message: 'expected a number, got "FIVE"' },
    ],
  });
});

test("what is no number or no text is told in words", async () => {
  const message = async (step: string, data: unknown) =>
    ((await transformed(steps(step), data)) as { errors: { message: string }[] }).errors.map((error) => error.message);
  assertEquals(await message("to_int", ""), ['expected a number, got ""']);
  assertEquals(await message("to_float", null), ["expected a number, got null"]);
  assertEquals(await message("to_int", true), ["expected a number, got true"]);
  assertEquals(await message("lowercase", 5), ["expected a text, got 5"]);
  assertEquals((await message("uppercase", [1]))[0]?.startsWith("expected a text, got "), true);
  assertEquals((await message("strip_whitespace", 5n))[0]?.startsWith("expected a text, got "), true);
  assertEquals((await message("to_int", 5n))[0]?.startsWith("expected a number, got "), true);
});

test("to_string does not make {} of what JSON cannot hold", async () => {
  const result = await transformed(steps("to_string"), new Map([["a", 1]])) as { errors: readonly unknown[] };
  assertEquals(result.errors.length, 1);
});

test("an asynchronous step is told in the output: a promise is no data", async () => {
  const slow = (data: number) => Promise.resolve(data * 2);
  const result = await tryRoutine(new DataTransformer().addStep("slow", slow).setSteps("slow", "to_string"), [
    { data: { data: 5 } },
  ]);
  const [output] = result.outputs.map(({ data }) => data as TransformedData);
  assertEquals([result.job.status, output?.data, output?.errors.map(({ step }) => step)], [
    "completed",
    "5",
    ["slow"],
  ]);
});

test("a step that is not known is refused when it is set, with those that are", () => {
  assertEquals(
    assertThrows(() => new DataTransformer().setSteps("lowercase", "explode"), TypeError).message,
    'Cannot find step "explode"; add it by addStep, or use one of "lowercase", "uppercase", "strip_whitespace", ' +
      '"to_string", "to_int", "to_float"',
  );
});

test("data of a delivery that is no object is the transformer's error, in words", async () => {
  for (const data of [null, 5]) {
    const { job } = await tryRoutine(steps("lowercase"), [{ data }]);
    assertEquals([job.status, job.error?.name], ["failed", "TypeError"]);
    assertStringIncludes(String(job.error?.message), "with the key data");
  }
});
