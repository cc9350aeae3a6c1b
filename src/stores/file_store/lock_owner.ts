import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { codeOf, type Files } from "./files.ts";

/** Who has a folder for itself. */
export interface LockOwner {
  /** The process. */
  readonly pid: number;
  /** When it was started, where that can be known: another process of the same number was started at another time. */
  readonly started?: string | undefined;
  /** The name of its host, where that can be known. */
  readonly host?: string | undefined;
  /** Unlike any other's. */
  readonly token: string;
  /** Whether it has a lock of the system on the file, which the system takes away when the process ends. */
  readonly isHeld: boolean;
}

/** Whether the owner of a lock still runs. */
export type OwnerState = "running" | "gone" | "unknown";

/** Where the instant of its start stands behind the name of a process. */
const START_FIELD = 19;

/** This process as an owner. */
export function self(isHeld: boolean): LockOwner {
  const { pid } = process;
  return { pid, started: startOf(pid), host: ownHost(), token: crypto.randomUUID(), isHeld };
}

/** Finds out whether an owner still runs: by the system's lock where that can be had, else by asking for the process. */
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

/** On Linux, in ticks since the machine was started. */
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
    return undefined; // Deno, without the permission.
  }
}
