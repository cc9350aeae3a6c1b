import { createHash } from "node:crypto";

/** Together with its escapes well below the 255 bytes that file systems take. */
const LONGEST = 120;
/** Names that Windows keeps for devices. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/;

/**
 * The name of a job's folder: safe in every file system, also one that doesn't tell upper case from lower, and another for
 * every id. Lower-case letters, digits, `-`, `_` and inner dots stay as they are, other bytes are `=` and two hexadecimal
 * digits; a long id is its beginning, `~` and a hash.
 */
export function jobName(jobId: string): string {
  const name = escape(jobId);
  if (name.length <= LONGEST && jobId.isWellFormed()) return name;
  const hash = createHash("sha256").update(JSON.stringify(jobId)).digest("hex");
  return `${name.slice(0, LONGEST / 2)}~${hash}`;
}

function escape(jobId: string): string {
  if (jobId === "") return "=";
  return jobId.replace(/[^a-z0-9._-]/gu, hex).replace(/^[.-]|\.$/g, hex).replace(
    DEVICES,
    (name) => hex(name.slice(0, 1)) + name.slice(1),
  );
}

function hex(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => `=${byte.toString(16).padStart(2, "0")}`).join("");
}
