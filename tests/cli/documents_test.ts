import { mkdir, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "@std/assert";
import { fullJob } from "../support/full_job_document.ts";
import { hostileDocuments } from "../diagram/sample_diagrams.ts";
import { inOwnFolder, runCommand } from "./run_command.ts";

const RELAY = fileURLToPath(new URL("../fixtures/wire/v1/leg_04_workerd.json", import.meta.url));
const FLOW = fileURLToPath(new URL("../fixtures/wire/v1/hand_flow.json", import.meta.url));

const json = async (...args: readonly string[]) => JSON.parse((await runCommand([...args, "--json"])).output);

test("inspect says what a job does, and what a flow consists of", async () => {
  const { errors, exit, output } = await runCommand(["inspect", RELAY]);
  assertEquals([exit, errors], [0, ""]);
  assertMatch(output, /^job {6}\S/);
  assertMatch(output, /^pending tasks$/m);
  const { job } = await json("inspect", RELAY);
  assertEquals(job.flowId, "relay");
  assertMatch((await runCommand(["inspect", FLOW])).output, /^plain +/m);
  assertEquals(Object.keys((await json("inspect", FLOW)).flow.routines), ["all", "plain"]);
});

test("a file may be the standard input", async () => {
  const { exit, output } = await runCommand(["inspect", "-"], { input: JSON.stringify(fullJob()) });
  assertEquals(exit, 0);
  assertMatch(output, /^status {3}paused: why not$/m);
});

test("what cannot be read is refused with the file, the path and what to do", () =>
  inOwnFolder(async (path) => {
    const cases: readonly (readonly [text: string | undefined, message: RegExp])[] = [
      [undefined, /the file cannot be read: there is no such file; name it by its whole path$/m],
      ["", /the text is no JSON: .*; give one whole document, as `routilux jobs show JOB --json` writes it$/m],
      ["{\n\u001b[31m", /the text is no JSON: /],
      ["[]", /neither a flow nor a job: expected "format" to be "routilux\/flow" or "routilux\/job"/],
      [JSON.stringify({ ...fullJob(), status: "odd" }), /: status: expected .*"paused".*, got "odd"/],
      [
        JSON.stringify({ ...fullJob(), version: 2 }),
        /version: expected at most 1, got 2; it was written by a newer routilux/,
      ],
    ];
    for (const [index, [text, message]] of cases.entries()) {
      const file = path(`${index}.json`);
      if (text !== undefined) await writeFile(file, text);
      const { errors, exit, output } = await runCommand(["inspect", file]);
      assertEquals([exit, output], [3, ""]);
      assertEquals(errors.startsWith(`error: ${file}: `), true, errors);
      assertMatch(errors, message);
      assertEquals(errors.split("\n").length, 2);
    }
  }));

test("what is no file, or not the document that is needed, is refused with what to do", () =>
  inOwnFolder(async (path) => {
    await mkdir(path("folder"));
    const refused = async (...args: readonly string[]) => (await runCommand(args)).errors.trim();
    assertEquals(
      await refused("inspect", path("folder")),
      `error: ${path("folder")}: the file cannot be read: it is a folder; name a file in it`,
    );
    assertMatch(
      await refused("report", FLOW),
      /: there is no job in it; give one whole document, as `routilux jobs show/,
    );
    for (
      const [name, remedy] of [["no/x.svg", "there is no such folder; make it first"], ["folder", "it is a folder"]]
    ) {
      assertMatch(
        await refused("diagram", FLOW, "-o", path(name ?? "")),
        new RegExp(`${name}: the file cannot be written: ${remedy}`),
      );
    }
    assertMatch(
      await refused("check", FLOW, "--registry", path("none.ts")),
      /none\.ts: the module cannot be loaded: there is no such file; name it by its path$/,
    );
  }));

test("check finds what is wrong in a document, and says where", async () => {
  const right = await runCommand(["check", RELAY]);
  assertEquals([right.exit, right.output], [0, `${RELAY}: flow and job without a fault\n`]);
  const input = JSON.stringify({ ...fullJob(), pendingTasks: [{}] });
  const wrong = await runCommand(["check", "-"], { input });
  assertEquals(wrong.exit, 1);
  assertMatch(wrong.output, /^pendingTasks\[0\]\.createdAt +invalid_document +the job: /m);
  const { findings, isRight } = JSON.parse((await runCommand(["check", "-", "--json"], { input })).output);
  assertEquals([isRight, findings[0].code, findings[0].path], [false, "invalid_document", "pendingTasks[0].createdAt"]);
});

test("check knows the limits of the flow", async () => {
  const { flow, job } = JSON.parse(await readFile(RELAY, "utf8"));
  const input = JSON.stringify({ flow: { ...flow, limits: { depth: 1 } }, job });
  const { exit, output } = await runCommand(["check", "-"], { input });
  assertEquals(exit, 1);
  assertMatch(output, /deep/);
});

test("check makes the preflight with a registry, and finds what keeps the job from going on", () =>
  inOwnFolder(async (path) => {
    const library = new URL("../../mod.ts", import.meta.url).href;
    const module = path("registry.ts");
    const source = (names: string) =>
      `import { Registry, Routine } from "${library}";
       class Worker extends Routine { readonly input = this.addSlot("input", this.work); work() {} }
       export const registry = new Registry({ ${names} });`;
    await writeFile(module, source("Worker"));
    const flow = {
      ...{
        connections: [],
        executionStrategy: "sequential",
        executionTimeoutMs: null,
        format: "routilux/flow",
        id: "f",
      },
      ...{ maxWorkers: 1, version: 1 },
      routines: {
        w: { config: {}, events: {}, slots: { input: { handler: { method: "work" } } }, type: "Worker", version: 1 },
      },
    };
    const at = "2026-01-01T00:00:00.000Z";
    const task = { createdAt: at, data: {}, id: 1, routine: "w", slot: "input" };
    const job = {
      ...{ createdAt: at, flowId: "f", format: "routilux/job", jobId: "j", nextTaskId: 2, ranMs: 0 },
      ...{ status: "running", updatedAt: at, version: 1 },
      pendingTasks: [task],
    };
    const checked = (job: object) =>
      runCommand(["check", "-", "--registry", module], { input: JSON.stringify({ flow, job }) });
    assertEquals((await checked(job)).exit, 0);
    const gone = await checked({ ...job, pendingTasks: [{ ...task, routine: "gone" }] });
    assertEquals(gone.exit, 1);
    assertMatch(gone.output, /^pendingTasks\[0\]\.routine +unknown_routine +/m);
    const unregistered = await runCommand(["check", "-", "--registry", path("empty.ts")], {
      input: JSON.stringify({ flow }),
    });
    assertEquals(unregistered.exit, 3);
    assertMatch(unregistered.errors, /empty\.ts: the module cannot be loaded: /);
    await writeFile(path("throws.ts"), 'throw new Error("not today");');
    const throwing = await runCommand(["check", "-", "--registry", path("throws.ts")], {
      input: JSON.stringify({ flow }),
    });
    assertMatch(throwing.errors, /throws\.ts: the module cannot be loaded: not today; see that it runs by itself$/m);
    await writeFile(path("other.ts"), "export const other = 1;");
    const other = await runCommand(["check", "-", "--registry", path("other.ts")], { input: JSON.stringify({ flow }) });
    assertMatch(other.errors, /other\.ts: the module exports no registry: .*; it exports other/);
    await writeFile(path("none.ts"), source(""));
    const missing = await runCommand(["check", "-", "--registry", path("none.ts")], {
      input: JSON.stringify({ flow }),
    });
    assertEquals(missing.exit, 1);
    assertMatch(missing.output, /Worker/);
  }));

test("diff says what differs, and by its exit code whether something does", () =>
  inOwnFolder(async (path) => {
    await writeFile(path("a.json"), JSON.stringify(fullJob()));
    await writeFile(path("b.json"), JSON.stringify({ ...fullJob(), ranMs: 13 }));
    const same = await runCommand(["diff", path("a.json"), path("a.json")]);
    assertEquals([same.exit, same.output], [0, "no differences\n"]);
    const other = await runCommand(["diff", path("a.json"), path("b.json")]);
    assertEquals([other.exit, other.output], [1, "path   what differs\nranMs  ranMs changed from 12.5 to 13\n"]);
    const { differences } = await json("diff", path("a.json"), path("b.json"));
    assertEquals(differences[0], { path: "ranMs", message: "ranMs changed from 12.5 to 13", before: 12.5, after: 13 });
    const { errors, exit } = await runCommand(["diff", FLOW, path("a.json")]);
    assertEquals(exit, 3);
    assertMatch(errors, /hand_flow\.json: there is no job in it/);
  }));

test("diagram draws in each format, to the output or to a file", () =>
  inOwnFolder(async (path) => {
    for (const [format, begin] of [["mermaid", "flowchart LR\n"], ["dot", "digraph "], ["svg", "<svg "]] as const) {
      const { exit, output } = await runCommand(["diagram", RELAY, "--format", format]);
      assertEquals([exit, output.startsWith(begin)], [0, true]);
      assertEquals((await json("diagram", RELAY, "--format", format)).text, output);
      const file = path(`diagram.${format}`);
      assertEquals(
        (await runCommand(["diagram", RELAY, "--format", format, "-o", file])).output,
        `${file} is written\n`,
      );
      assertEquals(await readFile(file, "utf8"), output);
    }
    const { errors, exit } = await runCommand(["diagram", RELAY, "--format", "png"]);
    assertEquals(exit, 2);
    assertMatch(errors, /--format is "png", and must be one of .*svg/);
  }));

test("a job that stands alone is drawn in the flow of another file", () =>
  inOwnFolder(async (path) => {
    const { flow, job } = JSON.parse(await readFile(RELAY, "utf8"));
    await writeFile(path("job.json"), JSON.stringify(job));
    await writeFile(path("flow.json"), JSON.stringify(flow));
    const { errors, exit } = await runCommand(["diagram", path("job.json")]);
    assertEquals(exit, 3);
    assertMatch(errors, /there is no flow beside the job; name its file by --flow/);
    const { output } = await runCommand(["diagram", path("job.json"), "--flow", path("flow.json")]);
    assertEquals(output, (await runCommand(["diagram", RELAY])).output);
  }));

test("report makes one page that loads nothing, in which what users have named is no markup", () =>
  inOwnFolder(async (path) => {
    const { flow, job } = hostileDocuments();
    const input = JSON.stringify({ flow, job });
    const { exit } = await runCommand(["report", "-", "-o", path("report.html")], { input });
    assertEquals(exit, 0);
    const page = await readFile(path("report.html"), "utf8");
    const tags = new Set(Array.from(page.matchAll(/<([a-z]+)/g), ([, tag]) => tag));
    for (const tag of ["script", "img", "link", "iframe", "a"]) assertEquals(tags.has(tag), false, tag);
    assertEquals(/\s(?:on\w+|src|href)=/.test(page.replaceAll(/>[^<]*</g, "><")), false);
    assertMatch(page, /&#60;script&#62;/);
    assertMatch(page, /<h2>Pending tasks<\/h2>/);
    assertEquals((await runCommand(["report", "-"], { input })).output, page);
  }));

test("a report has children that are a part of the job in its timeline, each below its parent", async () => {
  const whole = fullJob();
  const { flowId } = whole;
  const child = (jobId: string, status: string, inner: readonly object[] = []) => {
    const job = { ...whole, jobId, status, children: inner };
    return { flow: "{}", flowId, jobs: [{ jobId, routine: "r", job }] };
  };
  const children = ["failed", "cancelled", "running"].map((status) => child(status, status));
  const input = JSON.stringify({ ...whole, children: [child("completed", "completed", children)] });
  const { errors, exit, output } = await runCommand(["report", "-"], { input });
  assertEquals([exit, errors], [0, ""]);
  // Very deep ones are not drawn: there would be no room for their names.
  const deep = Array.from({ length: 12 }).reduce<readonly object[]>((inner) => [child("deep", "running", inner)], []);
  const { output: bounded } = await runCommand(["report", "-"], {
    input: JSON.stringify({ ...whole, children: deep }),
  });
  assertEquals(bounded.match(/<text[^>]*>↳/g)?.length, 8);
  const places = Array.from(output.matchAll(/<text x="(\d+)"[^>]*>↳/g), ([, x]) => x);
  assertEquals(places, ["10", "20", "20", "20"]);
});

test("a report has the outputs, the log, shared data and failures of a job", async () => {
  const { output } = await runCommand(["report", "-"], { input: JSON.stringify(fullJob()) });
  for (const heading of ["Timeline", "Failures", "Outputs", "Shared data", "Log", "Pauses"]) {
    assertMatch(output, new RegExp(`<h2>${heading}</h2>`));
  }
  assertMatch(output, /The newest 1; 2 older ones are not shown/);
  assertMatch(output, /<td class="instant">\d{4}-[^ <]+Z<\/td>/, "an instant is not broken on a narrow page");
});

test("a file that cannot be written is refused with its path", async () => {
  const { errors, exit } = await runCommand(["report", RELAY, "-o", "/no such folder/report.html"]);
  assertEquals(exit, 3);
  assertMatch(errors, /^error: \/no such folder\/report\.html: the file cannot be written: /);
});

test("colours are shown on a terminal only, and not under NO_COLOR", async () => {
  const escape = "\u001b[";
  const coloured = async (isTerminal: boolean, variables: Record<string, string> = {}, ...more: string[]) =>
    (await runCommand(["inspect", RELAY, ...more], { isTerminal, variables })).output.includes(escape);
  assertEquals(await coloured(true), true);
  assertEquals(await coloured(false), false);
  assertEquals(await coloured(true, { NO_COLOR: "1" }), false);
  assertEquals(await coloured(true, {}, "--json"), false);
});

test("what users have named does not reach the terminal as control characters", async () => {
  const { flow, job } = hostileDocuments();
  const input = JSON.stringify({ flow, job });
  for (const args of [["inspect", "-"], ["check", "-"]]) {
    const { output } = await runCommand(args, { input });
    assertEquals(/[\p{Cc}\u202e]/u.test(output.replaceAll("\n", "")), false);
  }
});
