import { failure, type Files, syncFolderNow } from "./files.ts";
import { JobFolder, remove, type StoreFolder, TEMPORARY } from "./job_folder.ts";
import { clearAttempts, type Lock, takeLock } from "./lock.ts";
import { type LockOwner, type OwnerState, stateOf } from "./lock_owner.ts";

/** Locks a folder, which is made if there is none. */
export function lockFolder(root: string, files: Files, isGone: (owner: LockOwner) => boolean): Lock {
  const ask = (owner: LockOwner, path: string): OwnerState => {
    const state = stateOf(files, root, owner, path);
    return state === "unknown" && isGone(owner) ? "gone" : state;
  };
  let lock: Lock | undefined;
  try {
    files.mkdirSync(root, { recursive: true });
    lock = takeLock(files, root, ask);
    clearAttempts(files, root, ask);
    return lock;
  } catch (error) {
    lock?.release();
    throw openingFailure(root, error);
  }
}

/** Removes what a crash has left, and reads the record of each job. */
export function* readJobs(store: StoreFolder): Generator<JobFolder, void, undefined> {
  const { root, files } = store;
  const names = files.readdirSync(root);
  const temporary = names.filter((name) => name.startsWith(TEMPORARY));
  // The renaming must be on the device before the content is removed: else a loss of power could bring a damaged job back.
  if (temporary.length > 0) syncFolderNow(files, root);
  for (const name of temporary) remove(files, `${root}/${name}`);
  for (const name of names) {
    const job = name.startsWith(".") ? undefined : JobFolder.open(store, name);
    if (job !== undefined) yield job;
  }
}

/** The error for a folder that could not be opened. */
export function openingFailure(root: string, error: unknown): Error {
  return failure(`Cannot open the file store in "${root}"`, error);
}
