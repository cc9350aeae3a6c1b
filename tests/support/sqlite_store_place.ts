import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../src/ports/mod.ts";
import { PendingCalls } from "../../src/ports/store_kit.ts";
import { type SqliteDatabase, sqliteStore, type SqliteStoreOptions } from "../../src/stores/sqlite_store.ts";
import type { StorePlace } from "../../src/testing/store_contract.ts";

/** A database that can be closed. */
export interface ClosableDatabase extends SqliteDatabase {
  /** Closes it. */
  close(): void;
}

/** A database file in a folder of its own. */
export interface SqlitePlace extends StorePlace {
  /** The path of the database. */
  readonly path: string;
  open(): Store;
  /** Opens the database beside the stores. */
  connect(): ClosableDatabase;
  /** Goes on with what a crash has left, a share of the bytes that the last append has written. */
  tear(share: number): void;
}

/** Makes a folder for a database; `connect` opens a file. */
export function createSqlitePlace(
  connect: (path: string) => ClosableDatabase,
  options?: SqliteStoreOptions,
): SqlitePlace {
  const folder = mkdtempSync(join(tmpdir(), "routilux-test-"));
  const databases: ClosableDatabase[] = [];
  let path = join(folder, "jobs.db");
  let written = { from: 0, to: 0 };
  const logSize = (): number => statSync(`${path}-wal`).size;
  return {
    get path() {
      return path;
    },
    connect() {
      const database = connect(path);
      databases.push(database);
      return database;
    },
    open() {
      const database = this.connect();
      const store = sqliteStore(database, options);
      const pending = new PendingCalls();
      const append = async (...write: Parameters<Store["append"]>): Promise<"stored" | "unread"> => {
        const from = logSize();
        const answer = await store.append(...write);
        written = { from, to: logSize() };
        return answer;
      };
      return {
        ...store,
        append: (...write) => pending.add(append(...write)),
        async close() {
          await store.close();
          await pending.finished();
          databases.splice(databases.indexOf(database), 1);
          database.close();
        },
      };
    },
    tear(share) {
      const torn = join(folder, "torn.db");
      for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, torn + suffix);
      truncateSync(`${torn}-wal`, written.from + Math.floor((written.to - written.from) * share));
      path = torn;
    },
    dispose() {
      for (const database of databases.splice(0)) database.close();
      rmSync(folder, { recursive: true });
    },
  };
}
