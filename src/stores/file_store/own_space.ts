import { readlinkSync } from "node:fs";

/** The namespace of this process's id. */
export function ownSpace(): string | undefined {
  return known(() => readlinkSync("/proc/self/ns/pid"));
}

/** A fact about the system; `undefined` where it has none, or where Deno may not ask for it. */
export function known(read: () => string | undefined): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
