import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expectEqual, type Figures, runProgram, timeUnits } from "../harness/program.ts";
import { inPlace } from "./place.ts";

// The limits: one small row per transaction, or one line per flush, and nothing else.

const ROW = JSON.stringify({ at: "2026-01-01T12:00:00.000Z", step: 0, task: 1, kind: "step" });

function insertRows(synchronous: "NORMAL" | "FULL", count: number): Promise<Figures> {
  return inPlace(async (folder) => {
    const database = new DatabaseSync(join(folder, "rows.db"));
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};
      CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL)`);
    const insert = database.prepare("INSERT INTO rows (text) VALUES (?)");
    const figures = await timeUnits(count, () => {
      for (let i = 0; i < count; i++) insert.run(ROW);
    });
    expectEqual("The rows", Number(database.prepare("SELECT count(*) AS n FROM rows").get()?.["n"]), count);
    database.close();
    return figures;
  });
}

function appendLines(count: number): Promise<Figures> {
  return inPlace(async (folder) => {
    const file = openSync(join(folder, "lines.jsonl"), "a");
    const figures = await timeUnits(count, () => {
      for (let i = 0; i < count; i++) {
        writeSync(file, `${ROW}\n`);
        fdatasyncSync(file);
      }
    });
    closeSync(file);
    return figures;
  });
}

await runProgram({
  normal: (count) => insertRows("NORMAL", count),
  full: (count) => insertRows("FULL", count),
  file: appendLines,
});
