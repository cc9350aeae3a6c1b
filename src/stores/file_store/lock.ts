import { codeOf, failure, type Files, writeAll } from "./files.ts";
import { type LockOwner, type OwnerState, self } from "./lock_owner.ts";

/** A folder that this process has for itself. */
export interface Lock {
  /** Lets it go. */
  release(): void;
}

type StateOf = (owner: LockOwner, path: string) => OwnerState;

const LOCK = ".lock";
const MOST_TRIES = 20;

/**
 * Takes a folder for this process.
 *
 * A lock comes into being with all its content: as a second name of a file that is there. One whose owner is gone is replaced
 * by the only process that holds the claim to it. A claim is made like a lock, is named after the lock's token, and counts
 * only if the lock is still that one afterwards; of a claimant that is gone, the claim itself can be claimed.
 *
 * @throws {Error} naming the owner, when it runs or may run
 */
export function takeLock(files: Files, root: string, stateOf: StateOf): Lock {
  for (let tries = 1;; tries++) {
    try {
      const lock = attempt(files, root, stateOf);
      if (lock !== undefined) return lock;
    } catch (error) {
      // Whoever got the lock meanwhile has cleared this attempt away.
      if (codeOf(error) !== "ENOENT" || tries === MOST_TRIES) throw error;
    }
    if (tries === MOST_TRIES) throw new Error(`"${root}/${LOCK}" changes hands all the time`);
  }
}

/** Takes the lock, or not: then it is worth another attempt. */
function attempt(files: Files, root: string, stateOf: StateOf): Lock | undefined {
  const path = `${root}/${LOCK}`;
  const own = self(files.holdSync !== undefined);
  const mine = `${path}-${own.token}`;
  let held: { close(): void } | undefined;
  let isTaken = false;
  try {
    writeOwner(files, mine, own);
    held = files.holdSync?.(mine);
    // Whoever looks at the attempt just now has the system's lock on it for that moment.
    const isSure = held !== undefined || files.holdSync === undefined;
    isTaken = isSure && (tryLink(files, mine, path) || takeOver(files, path, mine, stateOf));
  } finally {
    drop(files, mine);
    if (!isTaken) held?.close();
  }
  if (!isTaken) return undefined;
  return {
    release() {
      if (readOwner(files, path)?.token === own.token) drop(files, path);
      held?.close();
    },
  };
}

/** Clears away what is left of attempts to take the lock that a crash has ended; for the one who has it. */
export function clearAttempts(
  files: Files,
  root: string,
  stateOf: StateOf,
): void {
  const isOver = (path: string): boolean => {
    try {
      const owner = readOwner(files, path);
      return owner !== undefined && stateOf(owner, path) === "gone";
    } catch {
      return true; // It was never finished; one who is about to finish it tries again, and is refused.
    }
  };
  for (const name of files.readdirSync(root)) {
    const path = `${root}/${name}`;
    if (name.startsWith(`${LOCK}-`) && isOver(path)) drop(files, path);
  }
}

/** Takes the place of an owner that is gone; false when the lock has changed meanwhile. */
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
  // With the lock replaced, nobody can make use of a claim to the one before.
  for (const claim of isMine ? claims : claims.slice(-1)) drop(files, claim);
  return isMine;
}

function describe({ pid, host }: LockOwner, state: OwnerState, path: string): string {
  const where = host === undefined ? "" : ` on host "${host}"`;
  return state === "running"
    ? `process ${pid}${where} has it open, and only one may`
    : `process ${pid}${where} had it open, and whether it still runs can't be told from here; if not, remove "${path}"`;
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

/** The owner of a lock or claim; `undefined` when there is none. */
function readOwner(files: Files, path: string): LockOwner | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(files.readFileSync(path)));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw failure(`"${path}" can't be read; if no process has it open, remove it`, error);
  }
}

/** Gives a file a second name; false when there is a file of that name. */
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
