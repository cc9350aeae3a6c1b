import { finish } from "./report.ts";

// Wrong programs and what the type checker must say about them: each fixture is a page with a program and, below it, the
// first line of every error in the order of the program. A line that is indented must be part of the error above it.

const FOLDER = "tests/types/fixtures";
const OPENING = /^TS\d+ \[ERROR\]: /;
const PLACE = /^ {4}at (\S+?)(?:[#$][\d-]+\.ts)?:(\d+):(\d+)$/;

interface Diagnostic {
  /** The file, as a URL. */
  readonly file: string;
  /** Where in the file: the order of the errors. */
  readonly position: number;
  readonly lines: readonly string[];
}

const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".md")).sort();
const { stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["check", "--quiet", "--doc-only", ...names.map((name) => `${FOLDER}/${name}`)],
  env: { NO_COLOR: "1" },
}).output();
const output = new TextDecoder().decode(stderr);
const diagnostics = parse(output);

const results = names.map((name) => {
  const page = Deno.readTextFileSync(`${FOLDER}/${name}`);
  const found = diagnostics.filter(({ file }) => file.endsWith(`/${FOLDER}/${name}`));
  return report(name, compare(expectedOn(page), found));
});
const elsewhere = diagnostics.filter(({ file }) => !file.includes(`/${FOLDER}/`));
results.push(report("the library itself", elsewhere.map(({ file, lines }) => `${lines[0]}\n  ${file}`)));
if (diagnostics.length === 0) console.log(output);
finish(results.map((success) => ({ passed: success ? 1 : 0, failed: success ? 0 : 1 })));

/** The checker's errors; what it adds to one without a place of its own belongs to that one. */
function parse(text: string): Diagnostic[] {
  const blocks: string[][] = [];
  for (const line of text.split("\n")) {
    if (OPENING.test(line)) blocks.push([line]);
    else if (!line.startsWith("Found ") && !line.startsWith("error: ")) blocks.at(-1)?.push(line);
  }
  const found: Diagnostic[] = [];
  for (const lines of blocks) {
    const [, file, line = "", column = ""] = lines.map((it) => PLACE.exec(it)).find((it) => it !== null) ?? [];
    if (file !== undefined) found.push({ file, position: Number(line) * 1_000 + Number(column), lines });
  }
  return found.sort((a, b) => a.position - b.position);
}

/** What a page expects: for every error its first line, then the parts that must be in it. */
function expectedOn(page: string): string[][] {
  const block = /^```text\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? "";
  const expected: string[][] = [];
  for (const line of block.split("\n").filter((it) => it.trim() !== "")) {
    if (line.startsWith(" ")) expected.at(-1)?.push(line.trim());
    else expected.push([line]);
  }
  return expected;
}

/** What is not as expected, in words. */
function compare(expected: readonly string[][], found: readonly Diagnostic[]): string[] {
  const complaints = expected.flatMap(([first = "", ...parts], index) => {
    const { lines } = found[index] ?? { lines: [] };
    if (lines[0] !== first) return [`expected: ${first}\n     got: ${lines[0] ?? "no error"}`];
    const rest = lines.slice(1).join("\n");
    return parts.filter((part) => !rest.includes(part)).map((part) => `expected: … ${part}\n     got: ${rest}`);
  });
  const more = found.slice(expected.length).map(({ lines }) => `expected: no error\n     got: ${lines[0]}`);
  return expected.length === 0 ? ["the page expects no error", ...more] : [...complaints, ...more];
}

function report(name: string, complaints: readonly string[]): boolean {
  console.log(`${complaints.length === 0 ? "passed" : "FAILED"}: ${name}`);
  for (const complaint of complaints) console.log(complaint.replaceAll(/^/gm, "  "));
  return complaints.length === 0;
}
