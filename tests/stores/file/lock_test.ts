import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { fileStore } from "../../../src/stores/file_store.ts";
import { sampleJob } from "../../../src/testing/store_contract/sample_jobs.ts";
import { STORE_PROCESS } from "../../support/file_store_process.ts";
import { StartedProcess, withProcess } from "../../support/started_process.ts";

const LONG = { timeout: 120_000 };

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "routilux-store-"));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A process that tries to open the store, and keeps it open until it is told to end. */
interface Holder {
  readonly started: StartedProcess;
  /** The output of its attempt. */
  readonly answer: string;
}

/** Starts so many processes that try to open the store, and ends them whatever happens. */
async function withHolders<T>(
  folder: string,
  count: number,
  use: (holders: readonly Holder[]) => T | Promise<T>,
): Promise<T> {
  const processes = Array.from({ length: count }, () => new StartedProcess({ args: [STORE_PROCESS, "hold", folder] }));
  try {
    const answers = await Promise.all(processes.map((it) => it.line("its attempt to open the store")));
    return await use(processes.map((started, index) => ({ started, answer: answers[index] ?? "" })));
  } finally {
    for (const it of processes) await it.end();
  }
}

/** Kills a process that has the store open, and returns the number that it had; `use` is called while it runs. */
function killHolder(folder: string, use: (pid: number) => void = () => {}): Promise<number> {
  return withHolders(folder, 1, ([holder]) => {
    assert(holder !== undefined);
    assertEquals(holder.answer, "open");
    const { pid } = holder.started;
    use(pid);
    return pid;
  });
}

function errorOf(folder: string): string {
  return assertThrows(() => fileStore(folder), Error).message;
}

function ownHost(): string | undefined {
  try {
    return hostname();
  } catch {
    return undefined;
  }
}

function factOf(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const OWN_PLACE = {
  host: ownHost(),
  machine: factOf(() => readFileSync("/etc/machine-id", "utf8").trim()),
  boot: factOf(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
  space: factOf(() => readlinkSync("/proc/self/ns/pid")),
};

/** Creates a lock file as another process would have left it. */
function writeLock(folder: string, owner: object): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, ".lock"), JSON.stringify({ ...OWN_PLACE, token: "token", isHeld: false, ...owner }));
}

const UNKNOWN = /had it open, and from here it is unknown whether it still runs; if it does not, remove ".*\.lock"$/;

function namesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith(".lock"));
}

test("a store that is open cannot be opened again by the same process", () =>
  inFolder(async (folder) => {
    const store = fileStore(folder);
    const message = errorOf(folder);
    assert(message.startsWith(`Cannot open the file store in "${folder}": process ${process.pid}`), message);
    assertMatch(message, /has it open, and only one may$/);
    await store.close();
    assertEquals(namesIn(folder), []);
    await fileStore(folder).close();
  }));

test(
  "a store that another process has open can't be opened; the lock of one that was killed is taken over",
  LONG,
  () =>
    inFolder(async (folder) => {
      const killed = await killHolder(folder, (pid) => {
        assertMatch(errorOf(folder), new RegExp(`: process ${pid}( on host ".*")? has it open, and only one may$`));
      });
      const { pid } = JSON.parse(readFileSync(join(folder, ".lock"), "utf8"));
      assertEquals(pid, killed);
      const store = fileStore(folder);
      await store.create([sampleJob("job")]);
      await store.close();
      assertEquals(namesIn(folder), []);
    }),
);

test(
  "of many processes that open a store at once, after one that was killed, one gets it",
  LONG,
  () =>
    inFolder(async (folder) => {
      for (let round = 0; round < 2; round++) {
        await killHolder(folder);
        await withHolders(folder, 5, async (holders) => {
          const refused = holders.filter(({ answer }) => answer !== "open");
          assertEquals(refused.length, holders.length - 1);
          for (const { answer } of refused) {
            assertMatch(answer, /^Error: Cannot open the file store in .* has it open, and only one may$/);
          }
          for (const { started } of holders) started.closeInput();
          for (const { started } of holders) await started.ended();
        });
        assertEquals(namesIn(folder), []);
      }
    }),
);

// Without the permission Deno cannot look up process ids, so the store relies on the operating system's lock.
const asks = (() => {
  try {
    process.kill(process.pid, 0);
    return ownHost() !== undefined;
  } catch {
    return false;
  }
})();
const noAsking = { skip: asks ? false : "this process may not ask for others" };

test("the lock of a dead process is taken over", noAsking, () =>
  inFolder(async (folder) => {
    const pid = await killHolder(folder);
    rmSync(join(folder, ".lock"));
    writeLock(folder, { pid });
    await fileStore(folder).close();
  }));

const hasStarts = asks && process.platform === "linux";

test(
  "the lock of a process whose number another has now is taken over",
  { skip: hasStarts ? false : "when a process was started can't be known here" },
  () =>
    inFolder(async (folder) => {
      writeLock(folder, { pid: process.pid, started: "1" });
      await fileStore(folder).close();
      writeLock(folder, { pid: process.ppid, started: "1" });
      await fileStore(folder).close();
      writeLock(folder, { pid: process.ppid });
      assertMatch(errorOf(folder), new RegExp(`process ${process.ppid} on host ".*" has it open, and only one may$`));
    }),
);

test("the lock of another host's process is respected, unless `isGone` says that it is stale", () =>
  inFolder(async (folder) => {
    writeLock(folder, { pid: 12, host: "elsewhere" });
    assertMatch(
      errorOf(folder),
      /process 12 on host "elsewhere" had it open, and from here it is unknown whether it still runs; if it does not, remove ".*\.lock"$/,
    );
    const asked: unknown[] = [];
    const store = fileStore(folder, { isGone: ({ pid, host }) => asked.push([pid, host]) > 0 });
    assertEquals(asked, [[12, "elsewhere"]]);
    await store.close();
  }));

test("a process id proves nothing in another container: its lock is respected, though no such process is here", () =>
  inFolder(async (folder) => {
    const pid = 2_147_483_000;
    writeLock(folder, { pid });
    if (asks) await fileStore(folder).close();
    for (const place of [{ space: "pid:[1]" }, { space: undefined, boot: "1", machine: undefined }, { machine: "1" }]) {
      if (place.space === undefined && OWN_PLACE.space === undefined) continue; // No system of containers.
      if (place.machine !== undefined && OWN_PLACE.machine === undefined) continue;
      writeLock(folder, { pid, ...place });
      assertMatch(errorOf(folder), UNKNOWN, JSON.stringify(place));
      const asked: unknown[] = [];
      const store = fileStore(folder, { isGone: (owner) => asked.push(owner.pid) > 0 });
      assertEquals(asked, [pid]);
      await store.close();
    }
  }));

const hasStartsOfMachine = OWN_PLACE.machine !== undefined && OWN_PLACE.boot !== undefined &&
  OWN_PLACE.host !== undefined;

test(
  "the lock of a process is taken over when its machine was started again since",
  { skip: hasStartsOfMachine ? false : "machines and their starts have no ids here" },
  () =>
    inFolder(async (folder) => {
      writeLock(folder, { pid: process.pid, boot: "1", space: "pid:[1]" });
      await fileStore(folder).close();
    }),
);

test(
  "the pipe of a process tells whether it runs, whatever container it is in",
  { skip: OWN_PLACE.boot !== undefined && asks ? false : "this system has no containers" },
  () =>
    inFolder(async (folder) => {
      const made: string[] = [];
      const readers = new Set<string>();
      const files = {
        ...fs,
        readPipeSync(path: string) {
          made.push(path);
          writeFileSync(path, "");
          readers.add(path);
          return { close: () => void readers.delete(path) };
        },
        isReadSync: (path: string) => readers.has(path),
      };
      writeLock(folder, { pid: process.pid, hasPipe: true, space: "pid:[1]" });
      readers.add(join(folder, ".pipe-token"));
      const { message } = assertThrows(() => fileStore(folder, { files }), Error);
      assertMatch(message, /has it open, and only one may$/);
      readers.clear();
      writeFileSync(join(folder, ".pipe-token"), "");
      const store = fileStore(folder, { files });
      const pipes = () => readdirSync(folder).filter((name) => name.startsWith(".pipe"));
      assertEquals(pipes().map((name) => join(folder, name)), made.slice(-1), "the old one is gone");
      const { hasPipe, token } = JSON.parse(readFileSync(join(folder, ".lock"), "utf8"));
      assertEquals([hasPipe, join(folder, `.pipe-${token}`)], [true, made.at(-1)]);
      await store.close();
      assertEquals([pipes(), [...readers]], [[], []]);
    }),
);

const unshare = ["--pid", "--fork", "--mount-proc", "--kill-child"];
const hasSpaces = spawnSync("unshare", [...unshare, "true"]).status === 0;

test(
  "C500 a process in a container of the same host name is respected while it runs, and its lock is taken over at once afterwards",
  { ...LONG, skip: hasSpaces ? false : "this process may not make containers" },
  () =>
    inFolder(async (folder) => {
      const args = [...unshare, process.execPath, STORE_PROCESS, "hold", folder];
      await withProcess({ program: "unshare", args }, async (holder) => {
        assertEquals(await holder.line("its attempt to open the store"), "open");
        assertMatch(errorOf(folder), /has it open, and only one may$/);
      });
      const store = fileStore(folder);
      await store.create([sampleJob("job")]);
      await store.close();
      assertEquals(readdirSync(folder).sort(), [".numbers.jsonl", "job"]);
    }),
);

test("a lock that cannot be read is an error that says what to do", () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, ".lock"), '{"pid":');
    assertMatch(errorOf(folder), /"[^"]*\.lock" cannot be read; if no process has the folder open, remove it: /);
    assertEquals(namesIn(folder), [".lock"]);
    await Promise.resolve();
  }));

test("attempts and claims that a crash has left are removed; the claim of a dead process is no obstacle", () =>
  inFolder(async (folder) => {
    const gone = { host: "elsewhere", pid: 12, isHeld: false };
    writeLock(folder, { ...gone, token: "first" });
    writeFileSync(join(folder, ".lock-claim-first"), JSON.stringify({ ...gone, token: "second" }));
    writeFileSync(join(folder, ".lock-claim-second"), JSON.stringify({ ...gone, token: "third" }));
    writeFileSync(join(folder, ".lock-claim-old"), JSON.stringify({ ...gone, token: "fourth" }));
    writeFileSync(join(folder, ".lock-fifth"), '{"pid":');
    const store = fileStore(folder, { isGone: () => true });
    assertEquals(namesIn(folder), [".lock"]);
    await store.close();
    writeLock(folder, { ...gone, token: "first" });
    writeFileSync(join(folder, ".lock-claim-first"), JSON.stringify({ ...gone, pid: 13, token: "second" }));
    const { message } = assertThrows(() => fileStore(folder, { isGone: ({ pid }) => pid === 12 }), Error);
    assertMatch(message, /process 13 on host "elsewhere" had it open/);
  }));
