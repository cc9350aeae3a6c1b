#!/usr/bin/env node
import process from "node:process";
import { processHost } from "./host.ts";
import { run } from "./run.ts";

// The program: what `npx routilux` and `bunx routilux` start, and what `main.ts` becomes when it is started itself.

process.exitCode = await run(process.argv.slice(2), processHost());
