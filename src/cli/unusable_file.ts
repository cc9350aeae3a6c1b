import { CommandError, EXIT, reasonOf } from "./failure.ts";

/** What to do about a file, by what the system says of it. */
const REMEDIES: Readonly<Record<"read" | "written", Readonly<Record<string, string>>>> = {
  read: {
    ENOENT: "there is no such file; name it by its whole path",
    EISDIR: "it is a folder; name a file in it",
    EACCES: "its permissions forbid it; change them, or be another user",
  },
  written: {
    ENOENT: "there is no such folder; make it first",
    EISDIR: "it is a folder; name a file in it",
    EACCES: "its permissions forbid it; change them, or be another user",
    ENOSPC: "the disk is full; make room, and try again",
    EEXIST: "the file is there already; remove it, or go on with it by --resume",
  },
};

/** The failure for a file that cannot be read or written. */
export function unusableFile(path: string, done: "read" | "written", cause: unknown): CommandError {
  const why = new Map(Object.entries(REMEDIES[done])).get(Object(cause).code) ?? reasonOf(cause);
  return new CommandError(EXIT.input, `${path}: the file cannot be ${done}: ${why}`, { cause });
}
