import process from "node:process";
import { contestantOf } from "./contestants.ts";

// A worker: `NAME ADDRESS CONCURRENCY`. It says `ready`, works until a line comes on its input, and prints what it has used since: the
// processor time in milliseconds, and the resident memory in megabytes. Each echo is a line, with the milliseconds since it was sent.

const [, , name = "", address = "", concurrency = "50"] = process.argv;
const contestant = await contestantOf(name);
const tell = (line: string) => process.stdout.write(`${line}\n`);
const close = await contestant.work(address, Number(concurrency), (sentAt) => tell(`echo ${Date.now() - sentAt}`));
const before = process.cpuUsage();
tell("ready");
// Whoever has started it may have been killed.
process.stdin.once("end", () => process.exit(1));
await new Promise((resolve) => process.stdin.once("data", resolve));
const { user, system } = process.cpuUsage(before);
tell(`used ${(user + system) / 1_000} ${process.memoryUsage.rss() / 2 ** 20}`);
await Promise.race([close(), new Promise((resolve) => setTimeout(resolve, 5_000))]);
process.exit();
