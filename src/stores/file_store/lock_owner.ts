import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { codeOf, type Files } from "./files.ts";

/** The owner of a lock, as its file says. */
export interface LockOwner {
  /** The process id. */
  readonly pid: number;
  /** The start time of the process, if known. It distinguishes the process from a later one with the same id. */
  readonly started?: string | undefined;
  /** The name of the host, if known. */
  readonly host?: string | undefined;
  /** A random id. */
  readonly token: string;
  /** Whether the owner also has an operating system lock on the file, which ends with the process. */
  readonly isHeld: boolean;
}

/** Whether the owner of a lock is still running. */
export type OwnerState = "running" | "gone" | "unknown";

/** The index of the start time among the fields of `/proc/<pid>/stat` that follow the process name. */
const START_FIELD = 19;

/** Describes this process as an owner. */
export function self(isHeld: boolean): LockOwner {
  const { pid } = process;
  return { pid, started: startOf(pid), host: ownHost(), token: crypto.randomUUID(), isHeld };
}

/**
 * Finds out whether an owner is still running: by the operating system's lock if there is one, else by its process id.
 */
export function stateOf(files: Files, owner: LockOwner, path: string): OwnerState {
  const host = ownHost();
  if (host !== undefined && owner.host !== undefined && host !== owner.host) return "unknown";
  if (owner.isHeld && files.holdSync !== undefined) {
    const held = files.holdSync(path);
    held?.close();
    return held === undefined ? "running" : "gone";
  }
  if (host === undefined || owner.host === undefined) return "unknown";
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return "gone";
    if (codeOf(error) !== "EPERM") return "unknown";
  }
  const started = startOf(owner.pid);
  const isOther = started !== undefined && owner.started !== undefined && started !== owner.started;
  return isOther ? "gone" : "running";
}

/** The start time of a process in clock ticks since boot; known on Linux only. */
function startOf(pid: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    return status.slice(status.lastIndexOf(")") + 2).split(" ")[START_FIELD];
  } catch {
    return undefined;
  }
}

function ownHost(): string | undefined {
  try {
    return hostname();
  } catch {
    return undefined; // Deno, without the permission to read the host name.
  }
}
