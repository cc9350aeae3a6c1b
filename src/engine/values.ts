import type { ClassTable } from "../base/class_table.ts";
import { decodeValue } from "../base/decode.ts";
import { encodeValue } from "../base/encode.ts";
import type { Stored } from "../base/json.ts";
import type { ValueLimits } from "../base/limits.ts";
import { checkName } from "../base/options.ts";
import { pathStep } from "../base/path.ts";
import type { Values } from "../model/context.ts";
import type { KeyChange } from "../scheduler/commit.ts";

/** How values of a job are read and written by one handler. */
export interface ValuesHost {
  /** What they are called, such as `shared`. */
  readonly name: string;
  /** How values travel. */
  readonly classes: ClassTable;
  /** How large one may be. */
  readonly limits: ValueLimits;
  /** The values as the job has them at this moment. */
  current(): ReadonlyMap<string, Stored> | undefined;
  /** Throws when the handler's context is closed; `what` is what was tried. */
  checkOpen(what: string): void;
}

type Write = { readonly kind: "set"; readonly value: Stored } | { readonly kind: "update"; readonly change: Change };
type Change = (old: unknown) => unknown;

/** Values whose writes wait for the commit; reads see them already. */
export class BufferedValues implements Values {
  readonly #host: ValuesHost;
  readonly #writes: Map<string, Write[]> = new Map();

  /** Makes a view of a job's values. */
  constructor(host: ValuesHost) {
    this.#host = host;
  }

  /** See `Values`. */
  get<T = unknown>(key: string): T | undefined {
    return decodeValue(this.#settle(key), this.#host.classes) as T | undefined;
  }

  /** See `Values`. */
  set(key: string, value: unknown): void {
    const { name } = this.#host;
    this.#host.checkOpen(`${name}.set("${key}")`);
    checkName(`Cannot set ${name}`, "key", key);
    this.#writes.set(key, [{ kind: "set", value: this.#encode(key, value) }]);
  }

  /** See `Values`. */
  update<T = unknown>(key: string, change: (old: T | undefined) => T | undefined): void {
    const { name } = this.#host;
    this.#host.checkOpen(`${name}.update("${key}")`);
    checkName(`Cannot update ${name}`, "key", key);
    if (typeof change !== "function") {
      throw new TypeError(`Cannot update ${name}.${key}: the change must be a function of the old value`);
    }
    const writes = this.#writes.get(key) ?? [];
    this.#writes.set(key, writes);
    writes.push({ kind: "update", change: change as Change });
  }

  /**
   * What the writes come to on the values of this moment.
   *
   * @throws whatever an update function throws
   */
  changes(): KeyChange[] {
    const changes: KeyChange[] = [];
    for (const key of this.#writes.keys()) changes.push([key, this.#settle(key)]);
    return changes;
  }

  /** Forgets the writes: they have been committed. */
  clear(): void {
    this.#writes.clear();
  }

  #settle(key: string): Stored {
    let value = this.#host.current()?.get(key);
    for (const write of this.#writes.get(key) ?? []) {
      value = write.kind === "set"
        ? write.value
        : this.#encode(key, write.change(decodeValue(value, this.#host.classes)));
    }
    return value;
  }

  #encode(key: string, value: unknown): Stored {
    const { name, classes, limits } = this.#host;
    return encodeValue(value, classes, { action: `Cannot set ${name}`, root: name + pathStep(key) }, limits);
  }
}
