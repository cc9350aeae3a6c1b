import type { MaybePromise, Store } from "../../src/ports/mod.ts";

/** The write of a process to a store at which the process dies. */
export interface Crash {
  /** The number of the write, counted from 1. */
  readonly write: number;
  /** Whether the write reaches the store; the process dies before the store answers. */
  readonly isWritten: boolean;
}

/** A store as one process uses it: it may answer asynchronously, and never answers again once the process has died. */
export class CrashingStore implements Store {
  /** The number of writes so far. */
  writes = 0;
  /** The process has died. */
  isDead = false;
  readonly #store: Store;
  readonly #death: Crash | undefined;
  readonly #isAsync: boolean;

  constructor(store: Store, death: Crash | undefined, isAsync: boolean) {
    this.#store = store;
    this.#death = death;
    this.#isAsync = isAsync;
  }

  create: Store["create"] = (job) => this.#write(() => this.#store.create(job));
  append: Store["append"] = (...args) => this.#write(() => this.#store.append(...args));
  compact: Store["compact"] = (...args) => this.#write(() => this.#store.compact(...args));
  send: Store["send"] = (...args) => this.#write(() => this.#store.send(...args));
  delete: Store["delete"] = (jobId) => this.#write(() => this.#store.delete(jobId));
  find: Store["find"] = (jobId) => this.#answer(() => this.#store.find(jobId));
  load: Store["load"] = (jobId) => this.#answer(() => this.#store.load(jobId));
  inbox: Store["inbox"] = (...args) => this.#answer(() => this.#store.inbox(...args));
  due: Store["due"] = (query) => this.#answer(() => this.#store.due(query));
  list: Store["list"] = (query) => this.#answer(() => this.#store.list(query));
  close: Store["close"] = () => {};

  #write<T>(act: () => MaybePromise<T>): MaybePromise<T> {
    if (this.isDead) return never();
    const death = this.#death;
    if (++this.writes !== death?.write) return this.#answer(act);
    this.isDead = true;
    if (death.isWritten) void act();
    return never();
  }

  #answer<T>(act: () => MaybePromise<T>): MaybePromise<T> {
    if (this.isDead) return never();
    return this.#isAsync ? Promise.resolve().then(act).then((value) => this.isDead ? never<T>() : value) : act();
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}
