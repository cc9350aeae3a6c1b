import { diffJobs } from "../../inspect/diff.ts";
import type { Call, Command } from "../command.ts";
import { DOCUMENT_NOTES, jobOf, readDocuments } from "../documents.ts";
import { EXIT, type ExitCode } from "../failure.ts";

/** `routilux diff`: how two jobs differ. */
export const diff: Command = {
  name: "diff",
  about: "say how the second job differs from the first, by meaning",
  args: ["FILE", "FILE"],
  options: {},
  notes: [...DOCUMENT_NOTES, "The exit code is 1 when they differ."],
  run,
};

async function run(call: Call): Promise<ExitCode> {
  const a = jobOf(await readDocuments(call, call.arg(0)));
  const b = jobOf(await readDocuments(call, call.arg(1)));
  const differences = diffJobs(a, b);
  await call.print.answer(
    { differences },
    () =>
      differences.length === 0
        ? ["no differences"]
        : call.print.table(["path", "what differs"], differences.map(({ message, path }) => [path, message])),
  );
  return differences.length === 0 ? EXIT.done : EXIT.no;
}
