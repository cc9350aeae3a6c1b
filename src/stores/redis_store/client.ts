/** A connection of the package `redis` to one server. */
export interface NodeRedisConnection {
  /** Connects. */
  connect(): Promise<unknown>;
  /** Ends the connection at once. */
  destroy(): void;
  /** Calls back with the messages of a channel. */
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  /** Calls back at an event of the connection. */
  on(event: "error" | "ready", listener: () => void): unknown;
}

/** A client of the package `redis`, version 5 or newer: what `createClient` or `createCluster` returns. */
export interface NodeRedis {
  /** Runs a script. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Runs a script that the server knows. */
  evalSha(hash: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Makes another client of the same kind. */
  duplicate(): NodeRedisConnection;
}

/** A connection of the package `ioredis` to one server. */
export interface IoRedisConnection {
  /** Ends the connection at once. */
  disconnect(): void;
  /** Subscribes to the messages of a channel. */
  subscribe(channel: string): Promise<unknown>;
  /** Calls back at an event of the connection. */
  on(event: string, listener: (...args: string[]) => void): unknown;
}

/** A client of the package `ioredis`, version 5 or newer: a `Redis` or a `Cluster`. */
export interface IoRedis {
  /** Runs a script. */
  eval(script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Runs a script that the server knows. */
  evalsha(hash: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Makes another client of the same kind. */
  duplicate(): IoRedisConnection;
}

/** A client of one of the packages `redis` and `ioredis`. */
export type RedisClient = NodeRedis | IoRedis;

/** What the store does with a client. */
export interface Commands {
  /** Runs the script on a key, with arguments: its whole text, or only its hash. */
  run(script: string, isHash: boolean, key: string, args: string[]): Promise<unknown>;
  /**
   * Subscribes to a channel by a connection of its own. `onGap` is called whenever that is subscribed, the first time, too: what
   * happened before may have been missed. Returns the function that ends the connection.
   */
  subscribe(channel: string, onMessage: (message: string) => void, onGap: () => void): Promise<() => void>;
}

/** The commands of a client. */
export function commandsOf(client: RedisClient): Commands {
  return "evalSha" in client ? commandsOfNodeRedis(client) : commandsOfIoRedis(client);
}

function commandsOfNodeRedis(client: NodeRedis): Commands {
  return {
    run(script, isHash, key, args) {
      const options = { keys: [key], arguments: args };
      return isHash ? client.evalSha(script, options) : client.eval(script, options);
    },
    async subscribe(channel, onMessage, onGap) {
      const connection = client.duplicate();
      // A failed connection is tried again by the client itself; without a listener, the error would end the process.
      connection.on("error", () => {});
      try {
        await connection.connect();
        await connection.subscribe(channel, onMessage);
      } catch (error) {
        connection.destroy();
        throw error;
      }
      onGap();
      // The client is ready again when it has subscribed again.
      connection.on("ready", onGap);
      return () => connection.destroy();
    },
  };
}

function commandsOfIoRedis(client: IoRedis): Commands {
  return {
    run: (script, isHash, key, args) =>
      isHash ? client.evalsha(script, 1, key, ...args) : client.eval(script, 1, key, ...args),
    async subscribe(channel, onMessage, onGap) {
      const connection = client.duplicate();
      connection.on("error", () => {});
      connection.on("message", (_channel, message = "") => onMessage(message));
      try {
        await connection.subscribe(channel);
      } catch (error) {
        connection.disconnect();
        throw error;
      }
      onGap();
      // It subscribes again by itself, at an unknown moment: the answer to another request for the same says that it has.
      connection.on("ready", () => void connection.subscribe(channel).then(onGap, () => {}));
      return () => connection.disconnect();
    },
  };
}
