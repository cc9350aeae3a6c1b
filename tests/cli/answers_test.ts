import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { inOwnFolder, runCommand } from "./run_command.ts";
import { sampleDocuments } from "./sample_documents.ts";
import { makeStore } from "./sample_store.ts";

// Each command answers in JSON where that is asked for, and fails in one line.

/** How a command is called, and what its answer has; and how it is called so that it fails, with the exit code. */
interface Sample {
  readonly args: readonly string[];
  readonly exit?: number;
  readonly has: readonly string[];
  readonly fails: readonly [args: readonly string[], exit: number];
}

const NO_JOB = [["nobody"], 4] as const;

function samples(file: (name: string) => string): Readonly<Record<string, Sample>> {
  const [job, before] = [file("job.json"), file("before.json")];
  const no = file("no.json");
  return {
    "inspect": { args: [job], has: ["job"], fails: [[no], 3] },
    "check": { args: [job], has: ["findings"], fails: [[no], 3] },
    "diff": { args: [before, job], exit: 1, has: ["differences"], fails: [[before, no], 3] },
    "diagram": { args: [job], has: ["format", "text"], fails: [[no], 3] },
    "report": { args: [job, "-o", file("report.html")], has: ["format", "path"], fails: [[job, "-o", file("a/b")], 3] },
    "jobs list": { args: [], has: ["jobs"], fails: [["--cursor", "odd"], 2] },
    "jobs show": { args: ["failed"], has: ["record", "flow", "job"], fails: NO_JOB },
    "jobs watch": { args: ["failed"], exit: 1, has: ["at", "path", "message"], fails: NO_JOB },
    "jobs deliver": {
      args: ["waiting", "office", "answer", "{}"],
      has: ["jobId", "stored"],
      fails: [["waiting", "office", "answer", "{"], 2],
    },
    "jobs pause": { args: ["waiting"], has: ["jobId", "stored"], fails: NO_JOB },
    "jobs resume": { args: ["waiting"], has: ["jobId", "stored"], fails: NO_JOB },
    "jobs cancel": { args: ["waiting"], has: ["jobId", "stored"], fails: NO_JOB },
    "jobs redrive": { args: ["failed"], has: ["jobId", "stored"], fails: [["waiting"], 4] },
    "jobs discard": { args: ["failed"], has: ["jobId", "stored"], fails: [["failed", "--task", "99"], 4] },
    "jobs delete": { args: ["done"], has: ["jobId", "deleted"], fails: NO_JOB },
    "jobs purge": { args: ["--ended-before", "2025-01-01"], has: ["purged"], fails: [[], 2] },
    "count": { args: [], has: ["count"], fails: [["--status", "odd"], 2] },
    "history": { args: ["failed"], has: ["jobId", "begins", "revisions"], fails: NO_JOB },
    "fork": { args: ["waiting", "1"], has: ["jobId", "from", "status"], fails: [["waiting", "999"], 4] },
    "export": { args: [file("a.jsonl")], has: ["path", "written", "held"], fails: [[file("a/b.jsonl")], 3] },
    "import": {
      args: [file("a.jsonl"), "--store", `sqlite:${file("b.db")}`],
      has: ["stored", "taken", "ids"],
      fails: [[no], 3],
    },
    "studio": { args: ["--port", "0"], has: ["url"], fails: [["--port", "70000"], 2] },
  };
}

test("each command answers in JSON, and fails in one line of JSON", () =>
  inOwnFolder(async (file) => {
    const { after, before, flow } = await sampleDocuments();
    await writeFile(file("job.json"), JSON.stringify({ flow, job: after }));
    await writeFile(file("before.json"), JSON.stringify({ flow, job: before }));
    await makeStore(file("jobs.db"), async ({ engine, recover, start }) => {
      await start("waiting");
      await start("done", { asks: false });
      await start("failed");
      await engine.handle("failed").deliver({ routine: "office", slot: "answer" }, { n: 3 });
      await recover();
    });
    const all = samples(file);
    assertEquals(Object.keys(all), COMMANDS.map(({ name }) => name));
    const variables = { ROUTILUX_STORE: `sqlite:${file("jobs.db")}` };
    const ended = AbortSignal.abort();
    for (const [name, { args, exit = 0, fails: [wrong, code], has }] of Object.entries(all)) {
      // The studio ends when it is interrupted.
      const setup = { variables, ...(name === "studio" ? { signal: ended } : {}) };
      const good = await runCommand([...name.split(" "), ...args, "--json"], setup);
      assertEquals([name, good.exit, good.errors], [name, exit, ""]);
      const answer = JSON.parse(good.output);
      assertEquals([name, has.filter((it) => !(it in answer))], [name, []]);
      const bad = await runCommand([...name.split(" "), ...wrong, "--json"], { variables });
      assertEquals([name, bad.exit, bad.output], [name, code, ""]);
      const { error } = JSON.parse(bad.errors);
      assertEquals([name, error.exit, /\n/.test(error.message)], [name, code, false]);
      const plain = await runCommand([...name.split(" "), ...wrong], { variables });
      assertMatch(plain.errors, /^error: [^\n]+\n$/);
    }
  }));
