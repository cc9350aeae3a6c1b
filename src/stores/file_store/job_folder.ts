import { FencedError } from "../../base/errors.ts";
import type { JobHead, JobRecord, MaybePromise, NewJob, StoredCommand, StoredJob } from "../../ports/store.ts";
import { codeOf, failure, type Files, replaceFile, syncFolder, UNFINISHED, type Work, writeFile } from "./files.ts";
import type { Handles } from "./handles.ts";
import { INBOX, Inbox } from "./inbox.ts";
import { jobName } from "./job_name.ts";
import { JOURNAL, Journal } from "./journal.ts";
import { copyHead, encodeSnapshot, readHeader, readSnapshot, SNAPSHOT } from "./snapshot.ts";
import { WriteQueue } from "./write_queue.ts";

/** What the folders of all jobs share. */
export interface JobPlace {
  /** The folder of the store. */
  readonly root: string;
  /** The functions to call. */
  readonly files: Files;
  /** The open files. */
  readonly handles: Handles;
  /** Folders whose jobs could not be created after all. */
  readonly abandoned: Set<string>;
  /** Whether writes wait for the device. */
  readonly waits: boolean;
  /** Called when what the lists say of a job has changed. */
  readonly onChange: (job: JobFolder) => void;
}

/** Folders that are not in their place yet, or no longer, begin with this; names of jobs don't. */
export const PASSING = ".job-";

/** The folder of a job: its snapshot, and when there are any, its journal and its inbox. */
export class JobFolder {
  readonly #place: JobPlace;
  readonly #path: string;
  readonly #queue: WriteQueue;
  readonly #journal: Journal;
  readonly #inbox: Inbox;
  #snapshotRevision: number;
  #isGone = false;

  private constructor(place: JobPlace, path: string, base: JobRecord, names: readonly string[]) {
    const { files, handles, waits, onChange } = place;
    const parts = {
      files,
      handles,
      folder: path,
      has: (name: string) => names.includes(name),
      onStored: () => onChange(this),
    };
    this.#place = place;
    this.#path = path;
    this.#queue = new WriteQueue(waits);
    this.#journal = new Journal(parts, base);
    this.#inbox = new Inbox(parts);
    this.#snapshotRevision = base.revision;
  }

  /** Opens a folder; `undefined` when it is not one of a job. What a crash has left unfinished is removed. */
  static open(place: JobPlace, name: string): JobFolder | undefined {
    const { root, files } = place;
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
    return new JobFolder(place, path, base, names);
  }

  /** Makes the folder of a new job elsewhere, and moves it into its place. */
  static *create(place: JobPlace, job: NewJob): Work<JobFolder> {
    const { root, files, abandoned } = place;
    const { jobId, createdAt, flow, snapshot, head } = job;
    const record = { ...copyHead(head), jobId, createdAt, revision: 0 };
    const path = `${root}/${jobName(jobId)}`;
    const passing = passingPath(root);
    try {
      if (abandoned.has(path)) files.renameSync(path, passingPath(root));
      abandoned.delete(path);
      files.mkdirSync(passing, { recursive: false });
      yield* writeFile(files, `${passing}/${SNAPSHOT}`, encodeSnapshot({ record, flow, snapshot }));
      yield* syncFolder(files, passing);
      files.renameSync(passing, path);
      abandoned.add(path);
      yield* syncFolder(files, root);
      abandoned.delete(path);
    } catch (error) {
      remove(files, passing);
      throw failure(`Cannot create job "${jobId}" in "${root}"`, error);
    }
    return new JobFolder(place, path, record, [SNAPSHOT]);
  }

  /** The record, as of what is stored. */
  get record(): JobRecord {
    return this.#journal.record;
  }

  /** Whether there are commands that are not consumed. */
  get isAddressed(): boolean {
    return this.#inbox.count > this.record.consumed;
  }

  /** Reads all that is stored. */
  load(): StoredJob {
    const { record: { revision }, flow, snapshot } = readSnapshot(this.#place.files, `${this.#path}/${SNAPSHOT}`);
    const entries = this.#journal.entriesAfter(revision);
    return { record: this.record, flow, snapshot, snapshotRevision: revision, entries };
  }

  /** Adds entries. */
  append(expectedRevision: number, entries: readonly string[], head: JobHead | undefined): MaybePromise<void> {
    return this.#queue.write(this.#journal, () => {
      if (this.#isGone) throw new FencedError(this.record.jobId, expectedRevision, undefined);
      this.#journal.add(expectedRevision, entries, head);
    });
  }

  /** Puts a snapshot before the entries after its revision. */
  compact(revision: number, snapshot: string): MaybePromise<void> {
    return this.#queue.alone(() => this.#compact(revision, snapshot));
  }

  /** Adds a command. */
  send(key: string, text: string): MaybePromise<boolean> {
    return this.#queue.write(this.#inbox, () => {
      if (!this.#isGone) this.#inbox.add(key, text);
      return !this.#isGone;
    });
  }

  /** Reads the commands above a sequence. */
  commandsAfter(sequence: number): StoredCommand[] {
    return this.#inbox.commandsAfter(sequence);
  }

  /** Removes the folder; `onGone` is called as soon as it is out of its place. */
  delete(onGone: () => void): MaybePromise<boolean> {
    return this.#queue.alone(() => this.#delete(onGone));
  }

  *#compact(revision: number, snapshot: string): Work<void> {
    if (this.#isGone || revision <= this.#snapshotRevision || revision > this.record.revision) return;
    const { files } = this.#place;
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
    const { root, files } = this.#place;
    const passing = passingPath(root);
    this.#journal.close();
    this.#inbox.close();
    try {
      files.renameSync(this.#path, passing);
      this.#isGone = true;
      onGone();
      yield* syncFolder(files, root);
    } catch (error) {
      throw failure(`Cannot delete "${this.#path}"`, error);
    }
    remove(files, passing);
    return true;
  }
}

function passingPath(root: string): string {
  return `${root}/${PASSING}${crypto.randomUUID()}`;
}

/** The names in a folder; none where there is no folder. */
function namesIn(files: Files, path: string): string[] {
  try {
    return files.readdirSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

/** Clears away what is of no use; if that fails, the next one who opens the store does it. */
export function remove(files: Files, path: string): void {
  try {
    files.rmSync(path, { recursive: true, force: true });
  } catch {
    // It is in nobody's way.
  }
}
