import { SerializationError } from "../base/errors.ts";
import type { ValueLimits } from "../values/payload.ts";
import { isFailureOrigin } from "../model/connection.ts";
import { MOST_CHILD_DEPTH } from "../model/flow_limits.ts";
import { joinPath, type Path } from "../base/path.ts";
import type { Job } from "../job/job.ts";
import type { Instant, Route, Task } from "../job/task.ts";
import { ValueReader } from "../values/value_reader.ts";

/** Finds a task of the job by its id. */
export type FindTask = (id: number) => Task | undefined;

/** The job that commits are read for, and its tasks. */
export interface KnownTasks {
  /** The job, in the state that the commit was made in. */
  readonly job: Job;
  /** Finds its tasks, pending or failed. */
  readonly find: FindTask;
}

/** How many jobs may stand around another in its document: a depth that no stack is too small for. */
const MOST_LEVELS = MOST_CHILD_DEPTH;

/** Reads one document: what its codecs share while they read. */
export class DocumentReader {
  /** Reads users' values. */
  readonly values: ValueReader;
  readonly #format: string;
  readonly #limits: ValueLimits;
  readonly #adopts: boolean;
  readonly #level: number;
  readonly #known: KnownTasks | undefined;
  #lastRoute: Route | undefined;
  #lastInstant: Instant = { at: NaN };

  /**
   * Makes a reader for a document of a format; `adopts` says whether it may freeze what is in it, `level` how many documents stand around
   * this one.
   */
  constructor(format: string, limits: ValueLimits, adopts: boolean, known?: KnownTasks, level: number = 0) {
    this.#format = format;
    this.#limits = limits;
    this.#adopts = adopts;
    this.#level = level;
    this.#known = known;
    this.values = new ValueReader(format, limits, adopts);
  }

  /** Refuses the document. */
  fail(path: Path, expected: string, got: string): never {
    const place = joinPath(String(path), []);
    throw new SerializationError(
      `Cannot read ${this.#format}: ${place}: expected ${expected}, got ${got}`,
      this.#format,
      place,
    );
  }

  /**
   * Reads a document that stands in this one, by a reader of its own.
   *
   * @throws {SerializationError} with the place in this document, and for more documents around it than jobs have
   */
  inside<T>(place: string, read: (reader: DocumentReader) => T): T {
    if (this.#level >= MOST_LEVELS) this.fail(place, `at most ${MOST_LEVELS} jobs inside of each other`, "more");
    try {
      return read(new DocumentReader(this.#format, this.#limits, this.#adopts, undefined, this.#level + 1));
    } catch (error) {
      // Unreachable: nothing else is thrown here.
      if (!(error instanceof SerializationError)) throw error;
      // What is no object at all has been refused with the document around it: the path is that of a part.
      const path = `${joinPath(place, [])}.${error.path}`;
      const what = error.message.slice(`Cannot read ${this.#format}: ${error.path}: `.length);
      throw new SerializationError(`Cannot read ${this.#format}: ${path}: ${what}`, this.#format, path, {
        cause: error,
      });
    }
  }

  /** Finds the task that an id stands for. */
  task(id: number, path: Path, part: string): Task {
    return this.#known?.find(id) ?? this.fail(path + part, "the id of a task that the job has", String(id));
  }

  /** Finds a task that has not ended. */
  pendingTask(id: number, path: Path, part: string): Task {
    const task = this.task(id, path, part);
    return this.#known?.job.tasks.has(task) ? task : this.fail(path + part, "the id of a pending task", String(id));
  }

  /** Tasks that took the same route share it, where they stand one after the other. */
  route(routine: string, slot: string, connection: Route["connection"]): Route {
    const last = this.#lastRoute;
    const isSame = last?.routine === routine && last.slot === slot && isSameSource(last.connection, connection);
    return isSame ? last : this.#lastRoute = { routine, slot, connection: connection && { ...connection } };
  }

  /** Tasks that were made at the same instant share it, where they stand one after the other. */
  instant(at: number): Instant {
    return at === this.#lastInstant.at ? this.#lastInstant : this.#lastInstant = { at };
  }
}

function isSameSource(one: Route["connection"], other: Route["connection"]): boolean {
  if (one === undefined || other === undefined || one.routine !== other.routine) return one === other;
  return isFailureOrigin(one) || isFailureOrigin(other) ? false : one.event === other.event;
}
