import { createServer, type Server } from "node:http";
import { Engine } from "../../engine.ts";
import type { Store } from "../../ports/store.ts";
import { Registry } from "../../values/registry.ts";
import type { Call, Command } from "../command.ts";
import { CommandError, EXIT, type ExitCode, reasonOf } from "../failure.ts";
import { loadModule, REGISTRY_OPTION, type RegistryModule } from "../registry.ts";
import { STORE_OPTION, withStore } from "../stores.ts";

const PORT = 7_070;
/** Only this machine can reach the page. */
const ADDRESS = "127.0.0.1";

/** `routilux studio`: a page to look at the jobs of a store and to steer them. */
export const studioCommand: Command = {
  name: "studio",
  about: "show the jobs of a store on a page of this machine, until Ctrl-C",
  args: [],
  options: {
    ...STORE_OPTION,
    ...REGISTRY_OPTION,
    port: { value: "NUMBER", about: `the port of the page; ${PORT} by default, and 0 for any that is free` },
  },
  notes: [
    "Everybody on this machine who can reach the port may look at the jobs, and steer them.",
    "With --registry new jobs can be started, of the flows that the module exports and of those that the store has jobs of; and data is checked by the schemas of slots.",
  ],
  async run(call) {
    const port = call.whole("port", 0) ?? PORT;
    if (port > 65_535) throw call.misuse(`--port is ${port}, and must be at most 65535`);
    const module = await loadModule(call) ?? { registry: new Registry(), flows: [] };
    return await withStore(call, (store) => serve(call, store, module, port));
  },
};

async function serve(call: Call, store: Store, { flows, registry }: RegistryModule, port: number): Promise<ExitCode> {
  const { nodeListener, studio } = await import("../../studio/mod.ts");
  const { signal, timers } = call.host;
  // The engine only looks and asks: it takes no job, and so never enters the store.
  const server = createServer(nodeListener(studio(new Engine({ store, timers, registry }), { flows })));
  try {
    const url = await listen(server, port);
    await call.print.answer({ url }, () => [`The studio is at ${url}`]);
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    }
  } finally {
    await close(server);
  }
  return EXIT.done;
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new CommandError(EXIT.usage, `the port ${port} cannot be used: ${reasonOf(cause)}; choose another --port`, {
          cause,
        }),
      );
    });
    server.listen(port, ADDRESS, resolve);
  });
  const address = server.address();
  // Unreachable default: a server that listens on a port has one.
  return `http://${ADDRESS}:${typeof address === "object" ? address?.port : port}/`;
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
