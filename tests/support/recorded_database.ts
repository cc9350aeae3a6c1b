import { DatabaseSync } from "node:sqlite";
import type { SqliteDatabase } from "../../src/stores/sqlite_store.ts";

/** A database in memory that records the executed statements, and lets `fail` make them fail. */
export function recordDatabase(
  fail: (sql: string, values: readonly unknown[]) => void = () => {},
): { readonly database: SqliteDatabase; readonly ran: string[] } {
  const inner = new DatabaseSync(":memory:");
  const ran: string[] = [];
  const database: SqliteDatabase = {
    exec: (sql) => inner.exec(sql),
    prepare(sql) {
      const statement = inner.prepare(sql);
      return {
        run(...values) {
          ran.push(sql);
          fail(sql, values);
          return statement.run(...values);
        },
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
      };
    },
  };
  return { database, ran };
}
