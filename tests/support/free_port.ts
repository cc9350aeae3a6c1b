import { createServer } from "node:net";

/** Ports that no system gives to a client's connection: a server that is started again finds its port free. */
const FIRST = 10_000;
const LAST = 32_000;
/** How often a port is tried before it counts as one that does not become free, every hundredth of a second. */
const MOST_TRIES = 3_000;

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isFree(port)) return port;
  }
  throw new Error(`No port between ${FIRST} and ${LAST} is free`);
}

/** Waits until nobody listens on a port: a process that was killed keeps its port until it has ended. */
export async function untilFree(port: number): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (await isFree(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Port ${port} is still in use ${MOST_TRIES / 100} s after its server was killed`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listens = await new Promise<boolean>((resolve) => {
    server.on("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
  });
  if (listens) await new Promise((resolve) => server.close(resolve));
  return listens;
}
