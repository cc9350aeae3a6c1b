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

  create: Store["create"] = (...args) => this.#write(() => this.#store.create(...args));
  append: Store["append"] = (...args) => this.#write(() => this.#store.append(...args));
  compact: Store["compact"] = (...args) => this.#write(() => this.#store.compact(...args));
  replaceFlow: NonNullable<Store["replaceFlow"]> = (...args) => this.#write(() => this.#store.replaceFlow?.(...args));
  send: Store["send"] = (...args) => this.#write(() => this.#store.send(...args));
  delete: Store["delete"] = (...args) => this.#write(() => this.#store.delete(...args));
  purge: Store["purge"] = (...args) => this.#write(() => this.#store.purge(...args));
  enter: Store["enter"] = (...args) => this.#write(() => this.#store.enter(...args));
  renew: Store["renew"] = (...args) => this.#write(() => this.#store.renew(...args));
  leave: Store["leave"] = (...args) => this.#write(() => this.#store.leave(...args));
  take: Store["take"] = (...args) => this.#write(() => this.#store.take(...args));
  claim: Store["claim"] = (...args) => this.#write(() => this.#store.claim(...args));
  find: Store["find"] = (...args) => this.#answer(() => this.#store.find(...args));
  load: Store["load"] = (...args) => this.#answer(() => this.#store.load(...args));
  outcome: Store["outcome"] = (...args) => this.#answer(() => this.#store.outcome(...args));
  inbox: Store["inbox"] = (...args) => this.#answer(() => this.#store.inbox(...args));
  commands: Store["commands"] = (...args) => this.#answer(() => this.#store.commands(...args));
  held: Store["held"] = (...args) => this.#answer(() => this.#store.held(...args));
  nextDueAt: Store["nextDueAt"] = (...args) => this.#answer(() => this.#store.nextDueAt(...args));
  list: Store["list"] = (...args) => this.#answer(() => this.#store.list(...args));
  count: Store["count"] = (...args) => this.#answer(() => this.#store.count(...args));
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
