import { writeFile } from "node:fs/promises";
import type { Call } from "./command.ts";
import { unusableFile } from "./unusable_file.ts";

/** The option that names the file where the answer goes. */
export const OUTPUT_OPTION: {
  readonly output: { readonly value: string; readonly short: "o"; readonly about: string };
} = {
  output: { value: "FILE", short: "o", about: "write to this file, and not to the standard output" },
};

/**
 * Writes the text that was asked for: to the file that the call names, else to the standard output.
 *
 * @param format the name of the text under which JSON has it
 * @throws {CommandError} when the file cannot be written
 */
export async function writeText(call: Call, format: string, text: string): Promise<void> {
  const path = call.value("output");
  if (path === undefined) {
    return await (call.print.isJson ? call.print.answer({ format, text }, () => []) : call.print.text(text));
  }
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw unusableFile(path, "written", cause);
  }
  await call.print.answer({ format, path }, () => [`${path} is written`]);
}
