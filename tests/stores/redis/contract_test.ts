import process from "node:process";
import { after, test } from "node:test";
import { storeContract } from "../../../src/testing/store_contract.ts";
import { openIoRedis, openNodeRedis, type OpenRedis, redisPlace } from "../../support/redis_clients.ts";
import { addressOf, missing } from "../../support/services.ts";

/** The cases say nothing of a runtime: only Deno runs all of them, by one client. */
const IS_WHOLE = "Deno" in globalThis;
const SOME = /survives|every text|numbers|take goes|watch|wins|after close/;

const url = addressOf("redis");

/** Runs the contract by one client. */
function contractOf(name: string, isWhole: boolean, open: (url: string) => OpenRedis | Promise<OpenRedis>): void {
  if (url === undefined) {
    return void test(`redisStore() on ${name} passes the contract`, { skip: missing("redis") }, () => {});
  }
  let opened: OpenRedis | undefined;
  after(() => opened?.close());
  storeContract({
    test: (name, run) => (isWhole || SOME.test(name)) && test(name, { timeout: 240_000 }, run),
    prefix: `redisStore() on ${name}: `,
    async createPlace() {
      opened ??= await open(url);
      return redisPlace(opened.client, `${name}-${process.pid}`);
    },
    async createClockedPlace() {
      opened ??= await open(url);
      return redisPlace(opened.client, `${name}-${process.pid}`, "server");
    },
  });
}

contractOf("redis", IS_WHOLE, openNodeRedis);
contractOf("ioredis", false, openIoRedis);
