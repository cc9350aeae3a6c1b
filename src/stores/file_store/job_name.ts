import { createHash } from "node:crypto";

/** File systems take names of 255 bytes; this leaves room for the hash. */
const LONGEST = 120;
/** Device names, which Windows reserves. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/;

/**
 * Returns the folder name of a job: unique per id and valid in every file system, also in one that ignores case.
 * Lower-case letters, digits, `-`, `_` and inner dots are kept; every other byte becomes `=` and two hexadecimal
 * digits. A long id becomes its beginning, `~` and a hash.
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
