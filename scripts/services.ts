import { join } from "node:path";
import { NatsServer } from "../tests/support/nats_server.ts";
import { PostgresServer } from "../tests/support/postgres_server.ts";
import { RedisServer } from "../tests/support/redis_server.ts";
import { SERVICES, type Services } from "../tests/support/services.ts";

// Starts and stops the servers that the tests of stores use, on free ports of this machine, with their data in temporary folders. Where this
// may install packages of Debian, it first installs those that are missing:
//   eval "$(deno run -A scripts/services.ts up)"
//   deno run -A scripts/services.ts down

type Name = keyof Services;

/** A server on a port of this machine, with its data in a folder. */
interface Server {
  readonly url: string;
  readonly folder: string;
  readonly port: number;
  stop(): void;
}

/** How one kind of servers is handled. */
interface Kind {
  /** The tests that use it. */
  readonly users: RegExp;
  /** The package of Debian that has it. */
  readonly package: string;
  /** Starts one, which ends with this process unless it `outlives` it; `undefined` when it is not installed. */
  readonly start: (outlives: boolean) => Promise<Server | undefined>;
  /** Finds one that was started. */
  readonly at: (folder: string, port: number) => Server | undefined;
}

const KINDS: Readonly<Record<Name, Kind>> = {
  postgres: {
    users: /postgres|killed/,
    package: "postgresql",
    // A commit waits for the disk where durability is tested or speed is measured.
    start: (outlives) => PostgresServer.start({ synchronous_commit: "off" }, {}, outlives),
    at: (folder, port) => PostgresServer.at(folder, port),
  },
  redis: {
    users: /redis|killed/,
    package: "redis-server",
    start: (outlives) => RedisServer.start({}, outlives),
    at: (folder, port) => RedisServer.at(folder, port),
  },
  nats: {
    users: /nats/,
    package: "nats-server",
    start: (outlives) => NatsServer.start(outlives),
    at: (folder, port) => NatsServer.at(folder, port),
  },
};

function isName(name: string): name is Name {
  return Object.hasOwn(KINDS, name);
}

const NAMES: readonly Name[] = Object.keys(KINDS).filter(isName);

/** The servers that were started. */
export interface RunningServices {
  /** The path of the file that names them. */
  readonly path: string;
  /** The names of those that are not installed. */
  readonly missing: readonly Name[];
  /** Stops them. */
  stop(): Promise<void>;
}

/** Starts those of the servers that are installed. They end with this process unless they `outlive` it. */
async function startServices(names: readonly Name[], outlive: boolean): Promise<RunningServices> {
  const folder = await Deno.makeTempDir({ prefix: "routilux-services-" });
  const started = await Promise.all(names.map(async (name) => ({ name, server: await KINDS[name].start(outlive) })));
  const servers = started.flatMap(({ name, server }) => server === undefined ? [] : [{ name, server }]);
  const path = join(folder, "services.json");
  await Deno.writeTextFile(path, JSON.stringify(Object.fromEntries(servers.map((it) => [it.name, it.server.url]))));
  await Deno.writeTextFile(
    join(folder, "started.json"),
    JSON.stringify(servers.map(({ name, server }) => [name, server.folder, server.port])),
  );
  const missing = started.filter(({ server }) => server === undefined).map(({ name }) => name);
  return { path, missing, stop: () => stopServices(path) };
}

/** Starts the servers that some tests use, unless they are there. */
export async function startServicesFor(
  files: readonly string[],
): Promise<{ readonly missing: readonly string[]; stop(): Promise<void> }> {
  const names = NAMES.filter((name) => files.some((it) => KINDS[name].users.test(it)));
  if (Deno.env.has(SERVICES) || names.length === 0) return { missing: [], stop: async () => {} };
  const { path, missing, stop } = await startServices(names, false);
  Deno.env.set(SERVICES, path);
  return { missing: missing.map((name) => `Without ${name}: it is not installed, and its tests are skipped`), stop };
}

/** Installs servers by the packages of Debian; says whether that was done. */
async function install(names: readonly Name[]): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const packages = names.map((name) => KINDS[name].package);
  for (const args of [["update"], ["install", "--yes", "--no-install-recommends", ...packages]]) {
    try {
      const env = { DEBIAN_FRONTEND: "noninteractive" };
      const { success } = await new Deno.Command("apt-get", { args, env, stdout: "null" }).output();
      if (!success) return false;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }
  return true;
}

async function stopServices(path: string): Promise<void> {
  const folder = join(path, "..");
  const started: readonly (readonly [string, string, number])[] = JSON.parse(
    await Deno.readTextFile(join(folder, "started.json")),
  );
  for (const [name, data, port] of started) if (isName(name)) KINDS[name].at(data, port)?.stop();
  await Deno.remove(folder, { recursive: true });
}

if (import.meta.main) {
  const [command] = Deno.args;
  const path = Deno.env.get(SERVICES);
  if (command === "up") {
    let running = await startServices(NAMES, true);
    if (running.missing.length > 0 && await install(running.missing)) {
      await running.stop();
      running = await startServices(NAMES, true);
    }
    console.log(`export ${SERVICES}=${running.path}`);
    for (const name of running.missing) console.error(`${name} is not installed`);
  } else if (command === "down" && path !== undefined) await stopServices(path);
  else throw new Error(`Call it with "up", or with "down" when ${SERVICES} is set`);
}
