import type {
  AppendHead,
  CommandOutcome,
  Incarnation,
  JobClaim,
  JobRecord,
  MaybePromise,
  NewCommand,
  NewJob,
  ReplacedFlow,
  SendAnswer,
  StoredCommand,
  StoredJob,
  TakenJob,
} from "../../ports/store.ts";
import {
  checkAppend,
  checkClaim,
  endsUnread,
  type KeptRecord,
  outcomeOf,
  recordOf,
  refusalsIn,
} from "../../ports/store_kit.ts";
import { hashText } from "../../base/text_hash.ts";
import { codeOf, failure, type Files, replaceFile, syncFolder, UNFINISHED, type Work, writeFile } from "./files.ts";
import type { JobFiles } from "./growing_file.ts";
import type { Handles } from "./handles.ts";
import { INBOX, InboxFile } from "./inbox.ts";
import { jobName } from "./job_name.ts";
import { JOURNAL, JournalFile } from "./journal.ts";
import { REFUSALS, RefusalsFile } from "./refusals.ts";
import { encodeSnapshot, type JobBase, readBase, readSnapshot, SNAPSHOT } from "./snapshot.ts";
import { then, WriteQueue } from "./write_queue.ts";

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
  /** A buffer of `TAIL_BYTES` that reads write over. */
  readonly scratch: Uint8Array;
  /** Whether writes wait for a flush to the device. */
  readonly waits: boolean;
  /** Adds to a record until when the job is held. */
  readonly read: (record: KeptRecord) => JobRecord;
  /** Called when a job has another head, with the records before and after, which may not be the last. */
  readonly onHead: (job: JobFolder, before: KeptRecord, after: KeptRecord) => void;
  /** Called when a job has another flow. */
  readonly onFlow: (job: JobFolder) => void;
  /** Called when a job was sent a command. */
  readonly onSent: (job: JobFolder) => void;
}

/** The prefix of folders that are being created or deleted. Names of jobs do not begin with it. */
export const TEMPORARY = ".job-";

/** A job's folder: the snapshot file and, once there is an entry or a command, the journal file and the inbox file. */
export class JobFolder {
  readonly #store: StoreFolder;
  readonly #path: string;
  readonly #queue: WriteQueue;
  readonly #journal: JournalFile;
  /** Most jobs have none. */
  #inbox: InboxFile | undefined;
  #refusals: RefusalsFile | undefined;
  readonly #token: string;
  #snapshotRevision: number;
  #isGone = false;

  private constructor(store: StoreFolder, path: string, base: JobBase, names: readonly string[]) {
    this.#store = store;
    this.#path = path;
    this.#token = base.token;
    this.#queue = new WriteQueue(store.waits);
    this.#journal = new JournalFile(this.#files(names), base, (before, after) => {
      this.#inbox?.consume(after.consumed, this.#journal.at);
      store.onHead(this, before, after);
    });
    if (names.includes(INBOX)) this.#inbox = this.#openInbox(names);
    if (names.includes(REFUSALS)) this.#refusals = new RefusalsFile(this.#files(names));
    this.#snapshotRevision = base.record.revision;
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
    const base = readBase(files, store.scratch, `${path}/${SNAPSHOT}`);
    const { jobId } = base.record;
    if (jobName(jobId) !== name) {
      throw new Error(`"${path}" has job ${JSON.stringify(jobId)}, whose folder must be "${jobName(jobId)}"`);
    }
    return new JobFolder(store, path, base, names);
  }

  /** Creates a new job in a temporary folder, and moves it into place. */
  static *create(store: StoreFolder, job: NewJob, life: number): Work<JobFolder> {
    const { root, files, abandoned } = store;
    const { jobId, createdAt, token, flow, snapshot } = job;
    const base = { record: recordOf(job, life), at: createdAt, token };
    const path = `${root}/${jobName(jobId)}`;
    const temporary = temporaryPath(root);
    try {
      if (abandoned.has(path)) files.renameSync(path, temporaryPath(root));
      abandoned.delete(path);
      files.mkdirSync(temporary, { recursive: false });
      yield* writeFile(files, `${temporary}/${SNAPSHOT}`, encodeSnapshot({ ...base, flow, snapshot }));
      yield* syncFolder(files, temporary);
      files.renameSync(temporary, path);
      abandoned.add(path);
      yield* syncFolder(files, root);
      abandoned.delete(path);
    } catch (error) {
      remove(files, temporary);
      throw failure(`Cannot create job "${jobId}" in "${root}"`, error);
    }
    return new JobFolder(store, path, base, [SNAPSHOT]);
  }

  /** The job's record, as of the last stored write. */
  get record(): KeptRecord {
    return this.#journal.record;
  }

  /** Whether a call with this token has created the job. */
  isMadeBy(token: string): boolean {
    return this.#token === token;
  }

  /** Reads the whole job. */
  load(): StoredJob {
    const { record: { revision }, flow, snapshot } = readSnapshot(this.#store.files, `${this.#path}/${SNAPSHOT}`);
    const entries = this.#journal.entriesAfter(revision);
    return { record: this.#store.read(this.record), flow, snapshot, snapshotRevision: revision, entries };
  }

  /** Appends entries, or a head, or both, after the writes before them. */
  append(
    claim: JobClaim,
    expectedRevision: number,
    entries: readonly string[],
    head: AppendHead | undefined,
  ): MaybePromise<"stored" | "unread"> {
    const check = () => {
      const record = this.#isGone ? undefined : this.#journal.ahead;
      checkAppend(record, claim, expectedRevision, entries, head);
      return record;
    };
    const write = () =>
      this.#queue.write(this.#journal, () => {
        if (endsUnread(check(), head)) return "unread";
        this.#journal.append(entries, head);
        return "stored";
      });
    const refusals = head !== undefined && head.consumed > this.record.consumed ? this.#refusalsFor(head) : undefined;
    if (head === undefined || refusals === undefined) return write();
    const noted = this.#queue.write(refusals, () => {
      const record = check();
      if (endsUnread(record, head)) return;
      refusals.note(refusalsIn(record, head), record.consumed, head.consumed, (this.#inbox?.first ?? 1) - 1);
    });
    return then(noted, write);
  }

  /** Where an append says which commands could not be carried out, if there is something to say. */
  #refusalsFor({ refused = [] }: AppendHead): RefusalsFile | undefined {
    if (refused.length > 0) this.#refusals ??= new RefusalsFile(this.#files([]));
    return this.#refusals;
  }

  /** What has become of the command that was sent with a key. */
  outcomeOf(key: string): CommandOutcome | undefined {
    const sequence = this.#inbox?.sequenceOf(key);
    return sequence === undefined ? undefined : outcomeOf(this.record, sequence, this.#refusals?.reasonOf(sequence));
  }

  /**
   * Claims the job, if `isFree` allows it for its record after the writes before. Resolves with the job, or with nothing when it
   * was refused, or another claim has come after this one.
   */
  claim(
    by: Incarnation & { readonly now: number },
    isFree: (record: KeptRecord) => boolean,
  ): MaybePromise<TakenJob | undefined> {
    const claimed = this.#queue.write(this.#journal, () => {
      const before = this.#journal.ahead;
      if (this.#isGone || !isFree(before)) return undefined;
      this.#journal.claim(by, by.now);
      return before;
    });
    return then(claimed, (before) => {
      if (this.#isGone || before === undefined || this.record.epoch !== before.epoch + 1) return undefined;
      return { ...this.load(), formerIncarnation: before.incarnation };
    });
  }

  /** Replaces the snapshot, and drops the entries up to its revision. */
  compact(revision: number, snapshot: string): MaybePromise<void> {
    return this.#queue.alone(() => this.#compact(revision, snapshot));
  }

  /** Replaces the flow and the snapshot, and drops all entries. */
  replaceFlow(claim: JobClaim, expectedRevision: number, replaced: ReplacedFlow): MaybePromise<void> {
    return this.#queue.alone(() => this.#replaceFlow(claim, expectedRevision, replaced));
  }

  /** Appends a command. */
  send(command: NewCommand): MaybePromise<SendAnswer> {
    const { key, text, reopens, room } = command;
    const inbox = this.#inbox ??= this.#openInbox([]);
    return this.#queue.write(inbox, () => {
      if (this.#isGone) return "unknown";
      const hash = hashText(text);
      const known = inbox.hashOf(key);
      if (known !== undefined) return known === hash ? "known" : "differs";
      if (this.record.endedAt !== undefined && !reopens && !inbox.reopens) return "ended";
      if (inbox.unread >= room) return "full";
      inbox.add(command, hash);
      return "stored";
    });
  }

  /** Reads the commands that are not consumed, with a sequence above the given one. */
  commandsAfter(sequence: number): StoredCommand[] {
    return this.#inbox?.commandsAfter(sequence) ?? [];
  }

  /** Deletes the folder, if `isMeant` allows it; `onGone` is called as soon as nobody finds it any more. */
  delete(isMeant: (record: KeptRecord) => boolean, onGone: () => void): MaybePromise<boolean> {
    return this.#queue.alone(() => this.#delete(isMeant, onGone));
  }

  #files(names: readonly string[]): JobFiles {
    const { files, handles, scratch } = this.#store;
    return { files, handles, scratch, folder: this.#path, has: (name) => names.includes(name) };
  }

  #openInbox(names: readonly string[]): InboxFile {
    const inbox = new InboxFile(this.#files(names), this.record.consumed, this.#journal.at, (sent) => {
      this.#journal.noteSent(sent);
      this.#store.onSent(this);
    });
    this.#journal.noteSent(inbox.count);
    return inbox;
  }

  *#compact(revision: number, snapshot: string): Work<void> {
    if (this.#isGone || revision <= this.#snapshotRevision || revision > this.record.revision) return;
    const { flow } = readSnapshot(this.#store.files, `${this.#path}/${SNAPSHOT}`);
    yield* this.#replaceSnapshot(revision, { flow, flowHash: this.record.flowHash, snapshot });
  }

  *#replaceFlow(claim: JobClaim, expectedRevision: number, replaced: ReplacedFlow): Work<void> {
    checkClaim(this.#isGone ? undefined : this.record, claim, expectedRevision);
    yield* this.#replaceSnapshot(expectedRevision, replaced);
  }

  *#replaceSnapshot(revision: number, { flow, flowHash, snapshot }: ReplacedFlow): Work<void> {
    const isOther = flowHash !== this.record.flowHash;
    const base = { record: { ...this.record, revision, flowHash }, at: this.#journal.at, token: this.#token };
    const chunks = encodeSnapshot({ ...base, flow, snapshot });
    const replaced = () => {
      this.#snapshotRevision = revision;
      if (!isOther) return;
      this.#journal.noteFlow(flowHash);
      this.#store.onFlow(this);
    };
    try {
      yield* replaceFile(this.#store.files, this.#path, SNAPSHOT, chunks, replaced);
      yield* this.#journal.dropUpTo(revision);
    } catch (error) {
      throw failure(`Cannot replace the snapshot in "${this.#path}"`, error);
    }
  }

  *#delete(isMeant: (record: KeptRecord) => boolean, onGone: () => void): Work<boolean> {
    if (this.#isGone || !isMeant(this.record)) return false;
    const { root, files } = this.#store;
    const temporary = temporaryPath(root);
    this.#journal.close();
    this.#inbox?.close();
    this.#refusals?.close();
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
