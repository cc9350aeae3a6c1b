import { FencedError } from "../../base/errors.ts";
import type { JobHead, JobRecord, MaybePromise, NewJob, StoredCommand, StoredJob } from "../../ports/store.ts";
import { headOf } from "../../ports/store_kit.ts";
import { codeOf, failure, type Files, replaceFile, syncFolder, UNFINISHED, type Work, writeFile } from "./files.ts";
import type { Handles } from "./handles.ts";
import { INBOX, InboxFile } from "./inbox.ts";
import { jobName } from "./job_name.ts";
import { JOURNAL, JournalFile } from "./journal.ts";
import { encodeSnapshot, readHeader, readSnapshot, SNAPSHOT } from "./snapshot.ts";
import { WriteQueue } from "./write_queue.ts";

/** The folder of the store, and what all its job folders share. */
export interface StoreFolder {
  /** The path of the store's folder. */
  readonly root: string;
  /** The functions to call. */
  readonly files: Files;
  /** The cache of open files. */
  readonly handles: Handles;
  /**
   * Folders that were moved into place although their creation failed in the end; a new creation moves them away first.
   */
  readonly abandoned: Set<string>;
  /** Whether writes wait for a flush to the device. */
  readonly waits: boolean;
  /** Called when the record of a job, or the number of its commands, has changed. */
  readonly onChange: (job: JobFolder) => void;
}

/** The prefix of folders that are being created or deleted. Names of jobs do not begin with it. */
export const TEMPORARY = ".job-";

/** A job's folder: the snapshot file and, once there is an entry or a command, the journal file and the inbox file. */
export class JobFolder {
  readonly #store: StoreFolder;
  readonly #path: string;
  readonly #queue: WriteQueue;
  readonly #journal: JournalFile;
  readonly #inbox: InboxFile;
  #snapshotRevision: number;
  #isGone = false;

  private constructor(store: StoreFolder, path: string, base: JobRecord, names: readonly string[]) {
    const { files, handles, waits, onChange } = store;
    const parts = {
      files,
      handles,
      folder: path,
      has: (name: string) => names.includes(name),
      onStored: () => onChange(this),
    };
    this.#store = store;
    this.#path = path;
    this.#queue = new WriteQueue(waits);
    this.#journal = new JournalFile(parts, base);
    this.#inbox = new InboxFile(parts);
    this.#snapshotRevision = base.revision;
  }

  /**
   * Opens a job's folder, and removes unfinished files that a crash has left. Returns `undefined` when the folder is
   * not a job's.
   */
  static open(store: StoreFolder, name: string): JobFolder | undefined {
    const { root, files } = store;
    const path = `${root}/${name}`;
    const names = namesIn(files, path);
    if (!names.includes(SNAPSHOT)) {
      if (!names.includes(JOURNAL) && !names.includes(INBOX)) return undefined;
      throw new Error(`"${path}" has no ${SNAPSHOT}`);
    }
    for (const it of names) {
      if (it.endsWith(UNFINISHED)) files.rmSync(`${path}/${it}`, { recursive: false, force: true });
    }
    const base = readHeader(files, `${path}/${SNAPSHOT}`);
    if (jobName(base.jobId) !== name) {
      throw new Error(`"${path}" has job ${JSON.stringify(base.jobId)}, whose folder must be "${jobName(base.jobId)}"`);
    }
    return new JobFolder(store, path, base, names);
  }

  /** Creates a new job in a temporary folder, and moves it into place. */
  static *create(store: StoreFolder, job: NewJob): Work<JobFolder> {
    const { root, files, abandoned } = store;
    const { jobId, createdAt, flow, snapshot, head } = job;
    const record = { ...headOf(head), jobId, createdAt, revision: 0 };
    const path = `${root}/${jobName(jobId)}`;
    const temporary = temporaryPath(root);
    try {
      if (abandoned.has(path)) files.renameSync(path, temporaryPath(root));
      abandoned.delete(path);
      files.mkdirSync(temporary, { recursive: false });
      yield* writeFile(files, `${temporary}/${SNAPSHOT}`, encodeSnapshot({ record, flow, snapshot }));
      yield* syncFolder(files, temporary);
      files.renameSync(temporary, path);
      abandoned.add(path);
      yield* syncFolder(files, root);
      abandoned.delete(path);
    } catch (error) {
      remove(files, temporary);
      throw failure(`Cannot create job "${jobId}" in "${root}"`, error);
    }
    return new JobFolder(store, path, record, [SNAPSHOT]);
  }

  /** The job's record, as of the last stored write. */
  get record(): JobRecord {
    return this.#journal.record;
  }

  /** Whether the job has unconsumed commands. */
  get hasCommands(): boolean {
    return this.#inbox.count > this.record.consumed;
  }

  /** Reads the whole job. */
  load(): StoredJob {
    const { record: { revision }, flow, snapshot } = readSnapshot(this.#store.files, `${this.#path}/${SNAPSHOT}`);
    const entries = this.#journal.entriesAfter(revision);
    return { record: this.record, flow, snapshot, snapshotRevision: revision, entries };
  }

  /** Appends entries, after the writes before them. */
  append(expectedRevision: number, entries: readonly string[], head: JobHead | undefined): MaybePromise<void> {
    return this.#queue.write(this.#journal, () => {
      if (this.#isGone) throw new FencedError(this.record.jobId, expectedRevision, undefined);
      this.#journal.add(expectedRevision, entries, head);
    });
  }

  /** Replaces the snapshot, and drops the entries up to its revision. */
  compact(revision: number, snapshot: string): MaybePromise<void> {
    return this.#queue.alone(() => this.#compact(revision, snapshot));
  }

  /** Appends a command. Resolves to false when the job was deleted. */
  send(key: string, text: string): MaybePromise<boolean> {
    return this.#queue.write(this.#inbox, () => {
      if (!this.#isGone) this.#inbox.add(key, text);
      return !this.#isGone;
    });
  }

  /** Reads the commands with a sequence above the given one. */
  commandsAfter(sequence: number): StoredCommand[] {
    return this.#inbox.commandsAfter(sequence);
  }

  /** Deletes the folder; `onGone` is called as soon as nobody finds it any more. */
  delete(onGone: () => void): MaybePromise<boolean> {
    return this.#queue.alone(() => this.#delete(onGone));
  }

  *#compact(revision: number, snapshot: string): Work<void> {
    if (this.#isGone || revision <= this.#snapshotRevision || revision > this.record.revision) return;
    const { files } = this.#store;
    const { flow } = readSnapshot(files, `${this.#path}/${SNAPSHOT}`);
    const chunks = encodeSnapshot({ record: { ...this.record, revision }, flow, snapshot });
    try {
      yield* replaceFile(files, this.#path, SNAPSHOT, chunks, () => void (this.#snapshotRevision = revision));
      yield* this.#journal.dropUpTo(revision);
    } catch (error) {
      throw failure(`Cannot compact "${this.#path}"`, error);
    }
  }

  *#delete(onGone: () => void): Work<boolean> {
    if (this.#isGone) return false;
    const { root, files } = this.#store;
    const temporary = temporaryPath(root);
    this.#journal.close();
    this.#inbox.close();
    try {
      files.renameSync(this.#path, temporary);
      this.#isGone = true;
      onGone();
      yield* syncFolder(files, root);
    } catch (error) {
      throw failure(`Cannot delete "${this.#path}"`, error);
    }
    remove(files, temporary);
    return true;
  }
}

function temporaryPath(root: string): string {
  return `${root}/${TEMPORARY}${crypto.randomUUID()}`;
}

/** Returns the names in a folder; none for a path that is no folder. */
function namesIn(files: Files, path: string): string[] {
  try {
    return files.readdirSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

/** Removes files that are no longer needed. A failure is ignored: the next opening tries again. */
export function remove(files: Files, path: string): void {
  try {
    files.rmSync(path, { recursive: true, force: true });
  } catch {
    // Nobody reads these files.
  }
}
