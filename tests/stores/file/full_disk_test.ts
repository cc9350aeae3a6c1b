import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { assert, assertEquals, assertGreater, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import type { Store } from "../../../src/ports/mod.ts";
import { fileStore, type FileStoreOptions } from "../../../src/stores/file_store.ts";
import { MemoryDisk, systemError } from "../../support/memory_disk.ts";
import { STORE_PROCESS } from "../../support/file_store_process.ts";
import { runProcess } from "../../support/started_process.ts";
import { StoreStateTracker } from "../../support/store_state_tracker.ts";

const FOLDER = "/jobs";
type Sync = FileStoreOptions["sync"];

/** Uses a store while calls fail; every failure must be one of the disk, and must not have changed anything. */
async function useStore(store: Store, sync: Sync, tracker: StoreStateTracker): Promise<string[]> {
  const findings: string[] = [];
  const attempt = async (...writes: (() => Promise<void>)[]): Promise<void> => {
    const results = await Promise.allSettled(writes.map((write) => write()));
    const errors = results.flatMap((result) => result.status === "rejected" ? [String(result.reason)] : []);
    if (errors.length === 0) return;
    // With synchronous writes, the later writes of a group know that the first has failed.
    const isExpected = (error: string, index: number) =>
      error.includes("ENOSPC") || (sync === "none" && index > 0 && error.startsWith("FencedError"));
    findings.push(...errors.filter((error, index) => !isExpected(error, index)));
    findings.push(...await tracker.changes(store), ...await tracker.findings(store));
    await tracker.adopt(store);
  };
  await attempt(() => tracker.create(store, "a"), () => tracker.create(store, "b"));
  for (const jobId of ["a", "b"]) {
    while (await store.find(jobId) === undefined) await attempt(() => tracker.create(store, jobId));
  }
  await attempt(() => tracker.append(store, "a", 3, true));
  await attempt(...[1, 2, 1].map((count) => () => tracker.append(store, "a", count, false)));
  await attempt(() => tracker.send(store, "a", "first"), () => tracker.send(store, "a", "second"));
  await attempt(() => tracker.compact(store, "a", 1));
  await attempt(() => tracker.append(store, "a", 2, true), () => tracker.append(store, "b", 2, true));
  await attempt(() => tracker.send(store, "a", "third"), () => tracker.delete(store, "b"));
  await attempt(() => tracker.append(store, "a", 1, false));
  await attempt(() => tracker.append(store, "a", 1, true));
  return findings;
}

for (const sync of ["full", "none"] as const) {
  for (const duration of [1, 2, 5]) {
    test(`a write that the disk has no room for changes nothing, at any call: sync "${sync}", ${duration} calls`, async () => {
      for (let first = 0;; first++) {
        const disk = new MemoryDisk();
        const tracker = new StoreStateTracker();
        const store = fileStore(FOLDER, { sync, files: disk });
        let calls = 0;
        disk.onCall = ({ name, path }) => {
          const at = calls++ - first;
          // The last bytes are written, and nothing after them.
          if (name === "writeSync" && at === -1) return 7;
          if (at >= 0 && at < duration && !path.includes(".lock")) {
            throw systemError("ENOSPC", "no space left on device");
          }
        };
        assertEquals(await useStore(store, sync, tracker), [], `call ${first}`);
        disk.onCall = () => {};
        await store.close();
        assertEquals(disk.openFiles, 0);
        const later = fileStore(FOLDER, { sync, files: disk });
        assertEquals(await tracker.findings(later), [], `opened after call ${first}`);
        await later.close();
        if (calls < first) break;
      }
    });
  }
}

test("an error names the file, and includes the error of the system", async () => {
  const disk = new MemoryDisk();
  const store = fileStore(FOLDER, { files: disk });
  const tracker = new StoreStateTracker();
  await tracker.create(store, "a");
  disk.onCall = () => {
    throw systemError("ENOSPC", "no space left on device, write");
  };
  const calls: Readonly<Record<string, () => Promise<void>>> = {
    'Cannot append to "/jobs/a/journal.jsonl"': () => tracker.append(store, "a", 1, true),
    'Cannot append to "/jobs/a/inbox.jsonl"': () => tracker.send(store, "a", "key"),
    'Cannot create job "b" in "/jobs"': () => tracker.create(store, "b"),
    'Cannot delete "/jobs/a"': () => tracker.delete(store, "a"),
  };
  for (const [message, call] of Object.entries(calls)) {
    const error = await assertRejects(call, Error);
    assertEquals(error.message, `${message}: ENOSPC: no space left on device, write`);
    assertStringIncludes(String(error.cause), "ENOSPC");
  }
});

async function appendUntilFull(folder: string, ...wrapper: string[]): Promise<{ stored: number; error: string }> {
  const [program = "", ...args] = [...wrapper, process.execPath, STORE_PROCESS, "fill", folder];
  const { stdout, stderr } = await runProcess({ program, args });
  const [stored = "", error = ""] = stdout.split("\n");
  assertMatch(stored, /^\d+$/, stderr);
  return { stored: Number(stored), error };
}

async function checkStored(folder: string, stored: number): Promise<void> {
  const store = fileStore(folder);
  const job = await store.load("job");
  assertEquals(job?.entries.length, stored);
  assert(job !== undefined);
  await store.append(job.record, stored, ["{}"]);
  await store.close();
}

const LONG = { timeout: 120_000 };
const isWindows = process.platform === "win32";

test(
  "a real file that may not grow any more is an error, and all before it is there",
  { ...LONG, skip: isWindows },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "routilux-store-"));
    const limited = ["bash", "-c", 'trap "" XFSZ; ulimit -f 64; exec "$@"', "bash"];
    const { stored, error } = await appendUntilFull(folder, ...limited);
    assertGreater(stored, 5);
    assertMatch(error, /Cannot append to ".*journal\.jsonl": .*file too large/i);
    await checkStored(folder, stored);
    rmSync(folder, { recursive: true });
  },
);

const mounted = mkdtempSync(join(tmpdir(), "routilux-store-"));
const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", mounted]).status === 0;
const skip = isMounted ? false : "no file system can be mounted here";

test(
  "a real disk that is full is an error, all before it is there, and with room again it goes on",
  { ...LONG, skip },
  async () => {
    try {
      const { stored, error } = await appendUntilFull(mounted);
      assertGreater(stored, 5);
      assertMatch(error, /Cannot append to ".*journal\.jsonl": .*no space left on device/i);
      spawnSync("mount", ["-o", "remount,size=1m", mounted]);
      await checkStored(mounted, stored);
    } finally {
      spawnSync("umount", [mounted]);
    }
  },
);

test("a real folder that is read-only is an error", { ...LONG, skip }, () => {
  spawnSync("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", mounted]);
  try {
    const error = (() => {
      try {
        return void fileStore(mounted);
      } catch (thrown) {
        return thrown;
      }
    })();
    assertMatch(String(error), /Cannot open the file store in ".*": .*read-only file system/i);
  } finally {
    spawnSync("umount", [mounted]);
  }
});
