import * as fc from "fast-check";
import { Point } from "./sample_values.ts";

const NUMBERS = [0, 1, -1, 0.1, -2.5, 1e21, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
const WORDS = [
  "",
  "value",
  "0",
  "-1",
  "é",
  "\u{1f600}",
  "\u0000",
  '"\\\n',
  "toString",
  "constructor",
  "\ud800",
  "\udc00",
];
const ERRORS = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
const REFUSED_KEYS: ReadonlySet<string> = new Set(["__proto__", "$type"]);

const numbers = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n === 0 ? 0 : n),
  fc.constantFrom(...NUMBERS),
);
const texts = fc.oneof(fc.constantFrom(...WORDS), fc.string({ unit: "binary", maxLength: 6 }));
const errors = fc.record({
  Class: fc.constantFrom(...ERRORS),
  message: texts,
  code: fc.option(texts, { nil: undefined }),
  causes: fc.array(texts, { maxLength: 2 }),
}).map(({ Class, message, code, causes }) => {
  const cause = causes.reduce<Error | undefined>((inner, text) => new Error(text, because(inner)), undefined);
  const error = new Class(message, because(cause));
  return code === undefined ? error : Object.assign(error, { code });
});
const points = fc.tuple(fc.integer(), fc.integer()).map(([x, y]) => Point.at(x, y));

/** Values of every kind that data may hold; an instance of `Point` among them, which is to be registered. */
export function values(maxDepth: number): fc.Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown }>((tie) => {
    const entries = fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 });
    const items = fc.array(tie("value"), { maxLength: 4 });
    const keys = texts.filter((key) => !REFUSED_KEYS.has(key));
    return {
      value: fc.oneof(
        { maxDepth, depthSize: "small", withCrossShrink: true },
        fc.constant(null),
        fc.boolean(),
        numbers,
        texts,
        fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
        fc.date({ noInvalidDate: true }),
        fc.uint8Array({ maxLength: 5 }),
        errors,
        points,
        items,
        fc.dictionary(keys, tie("value"), { maxKeys: 4, noNullPrototype: true }),
        entries.map((pairs) => new Map(pairs)),
        items.map((list) => new Set(list)),
      ),
    };
  });
  return value;
}

function because(cause: Error | undefined): ErrorOptions {
  return cause === undefined ? {} : { cause };
}
