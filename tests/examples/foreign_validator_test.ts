import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { inFolder, runExample } from "./run_example.ts";

const OUTPUT = `The flow: valid
The paused job: valid
A job with a status of its own: invalid, it/status must be equal to one of the allowed values
A job without its tasks: invalid, it must have required property 'pendingTasks'
A flow in place of a job: invalid, it must have required property 'createdAt'
`;

test(
  "the foreign-validator example tells snapshots from other documents",
  { timeout: 120_000 },
  () =>
    inFolder(async (folder) => {
      const { code, stdout } = await runExample("foreign_validator/main.ts", { folder });
      assertEquals([code, stdout], [0, OUTPUT]);
    }),
);
