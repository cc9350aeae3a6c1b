import { join } from "node:path";
import { PostgresServer } from "../tests/support/postgres_server.ts";
import { SERVICES, type Services } from "../tests/support/services.ts";

// Starts and stops the servers that the tests of stores use, on free ports of this machine, with their data in temporary folders:
//   eval "$(deno run -A scripts/services.ts up)"
//   deno run -A scripts/services.ts down

/** How each server is started; what is not installed is left out. */
const STARTS: Readonly<Record<keyof Services, () => Promise<Started | undefined>>> = {
  postgres: async () => {
    // A commit waits for the disk where durability is tested or speed is measured.
    const server = await PostgresServer.start({ synchronous_commit: "off" });
    return server && { url: server.url, stop: ["postgres", server.folder, String(server.port)] };
  },
};

interface Started {
  readonly url: string;
  /** How to find it again. */
  readonly stop: readonly string[];
}

/** The servers that were started. */
export interface RunningServices {
  /** The path of the file that names them. */
  readonly path: string;
  /** The names of those that are not installed. */
  readonly missing: readonly string[];
  /** Stops them. */
  stop(): Promise<void>;
}

/** Starts the servers that are installed. */
export async function startServices(): Promise<RunningServices> {
  const folder = await Deno.makeTempDir({ prefix: "routilux-services-" });
  const started: Record<string, Started> = {};
  const missing: string[] = [];
  for (const [name, start] of Object.entries(STARTS)) {
    const service = await start();
    if (service === undefined) missing.push(name);
    else started[name] = service;
  }
  const path = join(folder, "services.json");
  const urls = Object.fromEntries(Object.entries(started).map(([name, { url }]) => [name, url]));
  await Deno.writeTextFile(path, JSON.stringify(urls));
  await Deno.writeTextFile(
    join(folder, "started.json"),
    JSON.stringify(Object.values(started).map(({ stop }) => stop)),
  );
  return { path, missing, stop: () => stopServices(path) };
}

/** The tests that use servers. */
const USERS = /postgres|killed/;

/** Starts the servers for tests, unless none of them uses one, or the servers are there. */
export async function startServicesFor(
  files: readonly string[],
): Promise<{ readonly missing: readonly string[]; stop(): Promise<void> }> {
  if (Deno.env.has(SERVICES) || !files.some((it) => USERS.test(it))) return { missing: [], stop: async () => {} };
  const { path, missing, stop } = await startServices();
  Deno.env.set(SERVICES, path);
  return { missing: missing.map((name) => `Without ${name}: it is not installed, and its tests are skipped`), stop };
}

async function stopServices(path: string): Promise<void> {
  const folder = join(path, "..");
  const started: readonly (readonly [string, string, string])[] = JSON.parse(
    await Deno.readTextFile(join(folder, "started.json")),
  );
  for (const [, data, port] of started) PostgresServer.at(data, Number(port))?.stop();
  await Deno.remove(folder, { recursive: true });
}

if (import.meta.main) {
  const [command] = Deno.args;
  const path = Deno.env.get(SERVICES);
  if (command === "up") {
    const { path, missing } = await startServices();
    console.log(`export ${SERVICES}=${path}`);
    for (const name of missing) console.error(`${name} is not installed`);
  } else if (command === "down" && path !== undefined) await stopServices(path);
  else throw new Error(`Call it with "up", or with "down" when ${SERVICES} is set`);
}
