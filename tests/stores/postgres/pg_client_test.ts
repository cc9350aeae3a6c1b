// @ts-types="../../support/pg_types.ts"
import { Pool } from "pg";
import { assertRejects } from "@std/assert";
import { createServer } from "node:net";
import { test } from "node:test";
import { pgClient } from "../../../src/stores/postgres_store.ts";

/** A message of the protocol of PostgreSQL. */
function message(type: string, ...body: number[]): Uint8Array {
  const length = body.length + 4;
  return Uint8Array.from([type.charCodeAt(0), length >> 24, length >> 16, length >> 8, length, ...body]);
}

const ADMITTED = message("R", 0, 0, 0, 0);
const READY = message("Z", "I".charCodeAt(0));
const ENDED = message("E", ...new TextEncoder().encode("SFATAL\0C57P01\0Mthe server is about to end\0\0"));

test("a server that ends while it lets a connection in ends no process", async () => {
  // All in one piece: the connection is lost before whoever waits for it has it.
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(Uint8Array.from([...ADMITTED, ...READY, ...ENDED])));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const pool = new Pool({ connectionString: `postgres://nobody@127.0.0.1:${port}/none`, max: 2 });
  const { query, begin, listen } = pgClient(pool);
  await assertRejects(async () => await query("SELECT", []), Error);
  await assertRejects(async () => await begin?.(), Error);
  await assertRejects(async () => await listen?.("channel", () => {}, () => {}), Error);
  await pool.end();
  await new Promise((resolve) => server.close(resolve));
});
