import { scan } from "../tests/house/source.ts";

// The catalogue of cases: which there are, which tests name them, and why some have none.

/** Cases by number, such as `C001`, each with its kind. */
export type Cases = ReadonlyMap<string, string>;

/** By reason, the numbers of the cases that no test names. */
export type ReasonRecord = Readonly<Record<string, readonly string[]>>;

/** A test that names cases. */
export interface NamingTest {
  readonly file: string;
  readonly name: string;
  readonly cases: readonly string[];
}

/** One case and what there is for it. */
export interface Coverage {
  readonly number: string;
  readonly kind: string;
  readonly tests: readonly NamingTest[];
  /** Why there is no test. */
  readonly reason: string | undefined;
}

/** Cases of this kind concern another language, and need no reason of their own. */
const FOREIGN = "py";
const FOREIGN_REASON = "[py] specific to Python";

/** The cases of the catalogue's text. */
export function parseCatalogue(text: string): Cases {
  return new Map(Array.from(text.matchAll(/^- \*\*(C\d{3})\*\* \[(\w+)\]/gm), ([, number = "", kind = ""]) => {
    return [number, kind];
  }));
}

/**
 * The tests of a file that name cases, at the beginning of their own name. Comments and skipped tests don't count. A name is the first
 * argument of `test`, or of a function of the file that makes tests, such as `crashTest`; where a file makes tests of a table, it is what a
 * row of the table begins with, a key of it, or the value of one. A substitution in a name stays as it is written.
 */
export function namingTests(file: string, text: string): NamingTest[] {
  const { code, strings, templates } = scan(text);
  const hasTables = COMPUTED_NAME.test(code);
  return [...strings, ...templates].sort((a, b) => a.at - b.at).flatMap(({ at, value }) => {
    const [numbers = ""] = /^(C\d{3} )+/.exec(value) ?? [];
    const [before, after] = [code.slice(0, at), code.slice(at + value.length + 2)];
    const isName = FIRST_ARGUMENT.test(before) || (hasTables && (IN_TABLE.test(before) || /^\s*:/.test(after)));
    if (numbers === "" || !isName) return [];
    return [{ file, name: value.slice(numbers.length), cases: numbers.trim().split(" ") }];
  });
}

/** What stands before a name that is the first argument of a function that makes a test. */
const FIRST_ARGUMENT = /(?<![.\w])(?:test|\w+Test)\(\s*$/;
/** What stands before a name that is the first of a row, or a value. */
const IN_TABLE = /[[:=]\s*$/;
/** A test whose name is no literal, or begins with a substitution: a template is blank but for its quotes. */
const COMPUTED_NAME = /(?<![.\w])test\(\s*(?:[a-zA-Z_]|`)/;

/** What there is for each case. */
export function cover(cases: Cases, record: ReasonRecord, tests: readonly NamingTest[]): Coverage[] {
  const reasons = new Map(
    Object.entries(record).flatMap(([reason, numbers]) => numbers.map((number) => [number, reason])),
  );
  return Array.from(cases, ([number, kind]) => ({
    number,
    kind,
    tests: tests.filter((test) => test.cases.includes(number)),
    reason: reasons.get(number) ?? (kind === FOREIGN ? FOREIGN_REASON : undefined),
  }));
}

/** What is not as it should be, in words. */
export function complain(coverage: readonly Coverage[], record: ReasonRecord, tests: readonly NamingTest[]): string[] {
  const known = new Set(coverage.map(({ number }) => number));
  const excused = Object.values(record).flat();
  return [
    ...coverage.filter((it) => it.tests.length === 0 && it.reason === undefined)
      .map(({ number }) => `${number} is named by no test, and has no reason why`),
    ...coverage.filter((it) => it.tests.length > 0 && excused.includes(it.number))
      .map(({ number, tests: [test] }) => `${number} has a reason to have no test, but one: ${test?.file}`),
    ...excused.filter((number) => !known.has(number)).map((number) => `${number} has a reason, but is no case`),
    ...excused.filter((number, index) => excused.indexOf(number) < index).map((number) => `${number} has two reasons`),
    ...tests.flatMap(({ file, cases }) =>
      cases.filter((number) => !known.has(number)).map((number) => `${number} is no case, but named in ${file}`)
    ),
  ];
}
