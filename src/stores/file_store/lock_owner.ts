import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { codeOf, type Files } from "./files.ts";
import { known, ownSpace } from "./own_space.ts";

/** The owner of a lock, as its file says. */
export interface LockOwner {
  /** The process id. */
  readonly pid: number;
  /** The start time of the process, if known. It distinguishes the process from a later one with the same id. */
  readonly started?: string | undefined;
  /** The name of the host, if known. */
  readonly host?: string | undefined;
  /** The id of the machine, if known. */
  readonly machine?: string | undefined;
  /** The id of the system's start, if known. After another start of the same machine no process of before runs. */
  readonly boot?: string | undefined;
  /** The namespace of the process id, if there are such: containers number their processes each on its own. */
  readonly space?: string | undefined;
  /** A random id. */
  readonly token: string;
  /** Whether the owner also has an operating system lock on the file, which ends with the process. */
  readonly isHeld: boolean;
  /** Whether the owner reads from a pipe beside the lock, which ends with the process. */
  readonly hasPipe?: boolean | undefined;
}

/** Whether the owner of a lock is still running. */
export type OwnerState = "running" | "gone" | "unknown";

/** The index of the start time among the fields of `/proc/<pid>/stat` that follow the process name. */
const START_FIELD = 19;

/** Where a process runs. */
type Place = Pick<LockOwner, "host" | "machine" | "boot" | "space">;

/** Describes this process as an owner; `token` is a random id. */
export function self(token: string, isHeld: boolean, hasPipe: boolean): LockOwner {
  return { pid: process.pid, started: startOf("self"), ...ownPlace(), token, isHeld, hasPipe };
}

/** The prefix of the names of pipes. */
export const PIPE = ".pipe-";

/** The path of the pipe beside a lock. */
export function pipeOf(root: string, { token }: Pick<LockOwner, "token">): string {
  return `${root}/${PIPE}${token}`;
}

/**
 * Finds out whether an owner is still running: by the operating system's lock or the pipe if there is one, else by its
 * process id. An id proves nothing where processes are numbered otherwise: on another machine, in another container.
 */
export function stateOf(files: Files, root: string, owner: LockOwner, path: string): OwnerState {
  const here = ownPlace();
  if (isOther(here.host, owner.host) || isOther(here.machine, owner.machine)) return "unknown";
  if (owner.isHeld && files.holdSync !== undefined) {
    const held = files.holdSync(path);
    held?.close();
    return held === undefined ? "running" : "gone";
  }
  if (here.host === undefined || owner.host === undefined) return "unknown";
  // Several machines may have one name, so that another start is one of this machine only if its id says so.
  if (isOther(here.boot, owner.boot)) {
    return here.machine !== undefined && owner.machine !== undefined ? "gone" : "unknown";
  }
  if (owner.hasPipe && here.boot !== undefined && owner.boot !== undefined && files.isReadSync !== undefined) {
    return files.isReadSync(pipeOf(root, owner)) ? "running" : "gone";
  }
  return here.boot === owner.boot && here.space === owner.space ? stateOfNeighbour(owner) : "unknown";
}

/** Finds out whether an owner in this process's own namespace is still running. */
function stateOfNeighbour({ pid, started }: LockOwner): OwnerState {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return "gone";
    if (codeOf(error) !== "EPERM") return "unknown";
  }
  return isOther(startOf(pid), started) ? "gone" : "running";
}

/** Whether two facts are known, and differ. */
function isOther(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}

/** The start time of a process in clock ticks since boot; known on Linux only. */
function startOf(pid: number | "self"): string | undefined {
  return known(() => {
    // A container may have been given the processes of its host to look at: they have other numbers.
    if (readlinkSync("/proc/self") !== String(process.pid) && pid !== "self") return undefined;
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    return status.slice(status.lastIndexOf(")") + 2).split(" ")[START_FIELD];
  });
}

function ownPlace(): Place {
  return {
    host: known(hostname),
    machine: known(() => readFileSync("/etc/machine-id", "utf8").trim() || undefined),
    boot: known(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() || undefined),
    space: ownSpace(),
  };
}
