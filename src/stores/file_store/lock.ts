import { codeOf, failure, type Files, writeAll } from "./files.ts";
import { type LockOwner, type OwnerState, PIPE, pipeOf, self } from "./lock_owner.ts";

/** The lock of a folder. */
export interface Lock {
  /** Releases the lock. */
  release(): void;
}

type StateOf = (owner: LockOwner, path: string) => OwnerState;

const LOCK = ".lock";
const MOST_TRIES = 20;

/**
 * Locks a folder for this process.
 *
 * A lock file appears with its whole content, as a hard link to a file that was written before. A stale lock is
 * replaced by the only process that holds the claim to it. A claim is a link too. Its name contains the token of the
 * stale lock, and it counts only if the lock file still has that token afterwards. The claim of a process that is gone
 * can itself be claimed.
 *
 * @throws {Error} naming the owner, when it runs or may still run
 */
export function takeLock(files: Files, root: string, stateOf: StateOf): Lock {
  for (let tries = 1;; tries++) {
    try {
      const lock = attempt(files, root, stateOf);
      if (lock !== undefined) return lock;
    } catch (error) {
      // Another process took the lock, and removed the files of this attempt.
      if (codeOf(error) !== "ENOENT" || tries === MOST_TRIES) throw error;
    }
    if (tries === MOST_TRIES) throw new Error(`"${root}/${LOCK}" was taken by other processes at each attempt`);
  }
}

/** Tries to take the lock once. Returns `undefined` when another attempt is worth while. */
function attempt(files: Files, root: string, stateOf: StateOf): Lock | undefined {
  const path = `${root}/${LOCK}`;
  const token = crypto.randomUUID();
  const pipePath = pipeOf(root, { token });
  const pipe = files.readPipeSync?.(pipePath);
  const own = self(token, files.holdSync !== undefined, pipe !== undefined);
  const mine = `${path}-${token}`;
  let held: { close(): void } | undefined;
  let isTaken = false;
  const letGo = () => {
    held?.close();
    pipe?.close();
    if (pipe !== undefined) drop(files, pipePath);
  };
  try {
    writeOwner(files, mine, own);
    held = files.holdSync?.(mine);
    // Another process that is checking this file holds its lock for a moment; then this attempt fails, and is repeated.
    const isSure = held !== undefined || files.holdSync === undefined;
    isTaken = isSure && (tryLink(files, mine, path) || takeOver(files, path, mine, stateOf));
  } finally {
    drop(files, mine);
    if (!isTaken) letGo();
  }
  if (!isTaken) return undefined;
  return {
    release() {
      if (readOwner(files, path)?.token === own.token) drop(files, path);
      letGo();
    },
  };
}

/** Removes the files of attempts that a crash has ended. Only the owner of the lock may call this. */
export function clearAttempts(files: Files, root: string, stateOf: StateOf): void {
  const isOver = (path: string): boolean => {
    try {
      const owner = readOwner(files, path);
      return owner !== undefined && stateOf(owner, path) === "gone";
    } catch {
      return true; // Not completely written. If its process lives, the attempt fails, is repeated, and is then refused.
    }
  };
  for (const name of files.readdirSync(root)) {
    const path = `${root}/${name}`;
    if (name.startsWith(`${LOCK}-`) && isOver(path)) drop(files, path);
    if (name.startsWith(PIPE) && files.isReadSync?.(path) === false) drop(files, path);
  }
}

/** Replaces the lock of an owner that is gone. Returns false when the lock has changed meanwhile. */
function takeOver(
  files: Files,
  path: string,
  mine: string,
  stateOf: StateOf,
): boolean {
  const owner = readOwner(files, path);
  const claims: string[] = [];
  for (let [last, at] = [owner, path];; last = readOwner(files, at)) {
    if (last === undefined) return false;
    const state = stateOf(last, at);
    if (state !== "gone") throw new Error(describe(last, state, path));
    at = `${path}-claim-${last.token}`;
    claims.push(at);
    if (tryLink(files, mine, at)) break;
  }
  const isMine = readOwner(files, path)?.token === owner?.token;
  if (isMine) files.renameSync(mine, path);
  // Claims to the replaced lock are void now.
  for (const claim of isMine ? claims : claims.slice(-1)) drop(files, claim);
  return isMine;
}

function describe({ pid, host }: LockOwner, state: OwnerState, path: string): string {
  const where = host === undefined ? "" : ` on host "${host}"`;
  return state === "running"
    ? `process ${pid}${where} has it open, and only one may`
    : `process ${pid}${where} had it open, and from here it is unknown whether it still runs; if it does not, remove "${path}"`;
}

function writeOwner(files: Files, path: string, owner: LockOwner): void {
  const file = files.openSync(path, "wx");
  try {
    writeAll(files, file, new TextEncoder().encode(`${JSON.stringify(owner)}\n`), 0);
    files.fsyncSync(file);
  } finally {
    files.closeSync(file);
  }
}

/** Reads the owner of a lock or claim; `undefined` when the file does not exist. */
function readOwner(files: Files, path: string): LockOwner | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(files.readFileSync(path)));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw failure(`"${path}" cannot be read; if no process has the folder open, remove it`, error);
  }
}

/** Creates a hard link. Returns false when the new name exists. */
function tryLink(files: Files, from: string, to: string): boolean {
  try {
    files.linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function drop(files: Files, path: string): void {
  files.rmSync(path, { recursive: false, force: true });
}
