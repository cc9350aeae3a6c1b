import { SerializationError } from "../base/errors.ts";
import { joinPath } from "../base/path.ts";

/** The subject of an encoding, for the text of a refusal. */
export interface EncodeSubject {
  /** The action that fails, such as `Cannot emit "output" of routine "source"`. */
  readonly action: string;
  /** The root of the path, such as `data`. */
  readonly root: string;
}

/** Why a value cannot travel, and where: the path is put together on the way back up to the root. */
export class Refusal {
  #reason: string;
  #cause: unknown;
  /** The object at which the depth ran out: met again on the way up, it is part of a cycle. */
  #deepest: object | undefined;
  /** The keys on the way up. */
  #path: (string | number)[] = [];

  /** Makes the refusal of a value; `deepest` is the object at which the depth ran out, if it did. */
  constructor(reason: string, cause?: unknown, deepest?: object) {
    this.#reason = reason;
    this.#cause = cause;
    this.#deepest = deepest;
  }

  /** Adds a step of the path: the refused value stands in `owner` under `key`. */
  step(owner: object, key: string | number): void {
    this.#path.push(key);
    this.meet(owner);
  }

  /** Passes an object on the way up. At the second meeting with the deepest one, the reason is a cycle. */
  meet(owner: object): void {
    if (owner !== this.#deepest) return;
    this.#reason = "is part of a cycle: it contains itself; send its id instead";
    this.#cause = undefined;
    this.#path = [];
  }

  /**
   * Passes the owner of entries that were made for this pass. Where the depth ran out among the entries, it ran out at their
   * owner; `parts` says whether the entries are lists that were made for this pass too.
   */
  meetOwner(owner: object, entries: object, parts: boolean): void {
    const deepest = this.#deepest;
    if (deepest === entries || (parts && Array.isArray(entries) && entries.includes(deepest))) this.#deepest = owner;
    else this.meet(owner);
  }

  /** The refusal as an error that names the path. */
  error({ action, root }: EncodeSubject): SerializationError {
    const path = joinPath(root, this.#path.reverse());
    const options = this.#cause === undefined ? undefined : { cause: this.#cause };
    return new SerializationError(`${action}: ${path} ${this.#reason}`, "value", path, options);
  }
}
