import { scan } from "../tests/house/source.ts";

// What the tests don't reach: read from a coverage report, and compared with the reasons that the sources give.

/** The lines of one file of which a part is never run: a statement, or a branch of one. */
export interface Unreached {
  readonly file: string;
  readonly lines: ReadonlySet<number>;
}

/** A comment that gives the reason, at the end of the line before or of the line itself. */
const REASON = /\/\/ Unreachable( default)?: \S/;

/** Reads a report in the format of lcov. */
export function readLcov(report: string): Unreached[] {
  return report.split("end_of_record").flatMap((record) => {
    const file = /^SF:(.+)$/m.exec(record)?.[1];
    const lines = Array.from(
      record.matchAll(/^(?:DA:(\d+),0|BRDA:(\d+),\d+,\d+,(?:0|-))(?:,.*)?$/gm),
      ([, line, branch]) => {
        return Number(line ?? branch);
      },
    );
    return file === undefined ? [] : [{ file, lines: new Set(lines) }];
  });
}

/** The lines that are not reached and have no reason, and the reasons that are none: what they excuse is reached. */
export function judge(
  text: string,
  unreached: ReadonlySet<number>,
): { readonly open: number[]; readonly stale: number[] } {
  const { code } = scan(text);
  const codeLines = code.split("\n");
  const excused = new Set<number>();
  const stale: number[] = [];
  text.split("\n").forEach((line, index) => {
    if (!REASON.test(line)) return;
    const isAlone = codeLines[index]?.trim() === "";
    let at = index + 1;
    while (isAlone && at < codeLines.length && codeLines[at - 1]?.trim() === "") at++;
    if (!unreached.has(at)) stale.push(index + 1);
    for (; unreached.has(at); at++) excused.add(at);
  });
  return { open: Array.from(unreached).filter((line) => !excused.has(line)).sort((a, b) => a - b), stale };
}

/** Says whether a file has nothing that could run: types alone. */
export function hasOnlyTypes(script: string): boolean {
  return scan(script).code.replaceAll(/\bexport \{\};?/g, "").trim() === "";
}
