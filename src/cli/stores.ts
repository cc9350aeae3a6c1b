import { existsSync } from "node:fs";
import { RoutiluxError } from "../base/errors.ts";
import type { MaybePromise, Store } from "../ports/store.ts";
import type { Call } from "./command.ts";
import { CommandError, EXIT, isClosedPipe, reasonOf } from "./failure.ts";
import { loadFor } from "./load_for.ts";
import { openRedis } from "./redis_server.ts";
import { openPostgres } from "./postgres_server.ts";

/** A kind of store that commands open by its address. */
interface StoreKind {
  /** The address, as the help shows it. */
  readonly example: string;
  /** What must be so that it can be opened. */
  readonly remedy: string;
  /** Opens it. `place` is what follows the kind and the colon in the address; `creates` is whether it may be made. */
  readonly open: (place: string, creates: boolean) => Promise<OpenStore>;
}

/** An open store, and how to close it. */
export interface OpenStore {
  readonly store: Store;
  /** Closes what the store does not close itself. */
  readonly close?: () => MaybePromise<void>;
}

/** The stores that commands open, by the word before the colon. What a kind needs is loaded when it is opened. */
const KINDS: Readonly<Record<string, StoreKind>> = {
  sqlite: {
    example: "sqlite:PATH",
    remedy: "PATH must be a database of SQLite, in a folder that is there",
    open: openSqlite,
  },
  file: {
    example: "file:FOLDER",
    remedy: "FOLDER must be a folder that no other process has open as a store",
    open: openFolder,
  },
  postgres: {
    example: "postgres://USER@HOST/DATABASE",
    remedy: "see that the server runs, and lets this user in",
    open: openPostgres,
  },
  redis: { example: "redis://HOST", remedy: "see that the server runs, and lets this user in", open: openRedis },
};

/** The addresses of stores, as the help shows them. */
const EXAMPLES = Object.values(KINDS).map(({ example }) => example);
const STORE_EXAMPLES: string = `${EXAMPLES.slice(0, -1).join(", ")} or ${EXAMPLES.at(-1)}`;

/** The option that names a store. */
export const STORE_OPTION: { readonly store: { readonly value: string; readonly about: string } } = {
  store: { value: "STORE", about: `the store: ${STORE_EXAMPLES}; by default what ROUTILUX_STORE says` },
};

/**
 * Opens the store that a call names, and closes it after the work.
 *
 * @throws {CommandError} when it names none, or the store cannot be opened; and whatever the work throws
 */
export async function withStore<T>(
  call: Call,
  work: (store: Store) => Promise<T>,
  { creates = false }: { readonly creates?: boolean } = {},
): Promise<T> {
  const address = call.value("store") ?? call.host.variable("ROUTILUX_STORE");
  if (address === undefined || address === "") {
    throw call.misuse(`no store is named; add --store ${STORE_EXAMPLES}, or set ROUTILUX_STORE`);
  }
  const { close, store } = await open(address, creates);
  try {
    return await work(store);
  } catch (cause) {
    if (cause instanceof CommandError || call.host.signal.aborted || isClosedPipe(cause)) throw cause;
    // What the library refuses names the job; what the store says does not name the store.
    const why = cause instanceof RoutiluxError ? cause.message : `${withoutPassword(address)}: ${reasonOf(cause)}`;
    throw new CommandError(EXIT.store, why, { cause });
  } finally {
    await store.close();
    await close?.();
  }
}

async function open(address: string, creates: boolean): Promise<OpenStore> {
  const [, kind = "", place = ""] = /^([a-z]+):(.+)$/s.exec(address) ?? [];
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (known === undefined) {
    throw new CommandError(
      EXIT.usage,
      `${JSON.stringify(withoutPassword(address))} is no store; a store is ${STORE_EXAMPLES}`,
    );
  }
  try {
    return await known.open(place, creates);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const why = `${reasonOf(error)}; ${known.remedy}`;
    throw new CommandError(EXIT.store, `${withoutPassword(address)}: the store cannot be opened: ${why}`, {
      cause: error,
    });
  }
}

/** An address as it may be shown. */
function withoutPassword(address: string): string {
  return address.replace(/\/\/[^@/]*@/, "//");
}

async function openSqlite(place: string, creates: boolean): Promise<OpenStore> {
  if (!creates && !existsSync(place)) throw noSuchStore(place, "file");
  const [{ DatabaseSync }, { sqliteStore }] = await Promise.all([
    loadFor<typeof import("node:sqlite")>("node:sqlite", "use Deno, Bun, or Node 22.13 or newer"),
    import("../stores/sqlite_store.ts"),
  ]);
  const database = new DatabaseSync(place);
  try {
    // A command that only reads must not make tables in somebody's database.
    const tables = database.prepare("SELECT count(*) AS count FROM sqlite_master WHERE name GLOB 'routilux_*'").get();
    if (!creates && tables?.["count"] === 0) {
      throw new CommandError(EXIT.store, `${place}: the database has no jobs of routilux; is it another one?`);
    }
    return { store: sqliteStore(database), close: () => database.close() };
  } catch (error) {
    database.close();
    throw error;
  }
}

async function openFolder(place: string, creates: boolean): Promise<OpenStore> {
  if (!creates && !existsSync(place)) throw noSuchStore(place, "folder");
  const { fileStore } = await import("../stores/file_store.ts");
  return { store: fileStore(place) };
}

function noSuchStore(place: string, what: string): CommandError {
  return new CommandError(
    EXIT.store,
    `${place}: there is no such ${what}; name the store by its whole path, or make it by import`,
  );
}
