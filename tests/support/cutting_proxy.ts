import { connect, createServer, type Server, type Socket } from "node:net";

/** What is cut next. */
interface Cuts {
  /** How many answers were lost. */
  lost: number;
  cutsAnswer: ((request: string) => boolean) | undefined;
}

/** Passes connections on to a server, and cuts them. */
export class CuttingProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #state: Cuts;

  private constructor(server: Server, port: number, sockets: Set<Socket>, state: Cuts) {
    this.#server = server;
    this.port = port;
    this.#sockets = sockets;
    this.#state = state;
  }

  /** Starts a proxy for a port of this machine. */
  static async start(target: number): Promise<CuttingProxy> {
    const sockets = new Set<Socket>();
    const state: Cuts = { lost: 0, cutsAnswer: undefined };
    const server = createServer((client) => {
      const upstream = connect(target, "127.0.0.1");
      let isCut = false;
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.on("data", (data) => {
        if (state.cutsAnswer?.(data.toString("latin1")) === true) {
          state.cutsAnswer = undefined;
          isCut = true;
        }
        upstream.write(data);
      });
      upstream.on("data", (data) => {
        // The server has answered, so it has done it.
        if (!isCut) return client.write(data);
        state.lost++;
        client.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("The proxy has no port");
    return new CuttingProxy(server, address.port, sockets, state);
  }

  /** How many answers were lost. */
  get lost(): number {
    return this.#state.lost;
  }

  /** Cuts the connection of the next request that contains a text, when the server has answered it: the answer is lost. */
  loseAnswerTo(text: string): void {
    this.#state.cutsAnswer = (request) => request.includes(text);
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
