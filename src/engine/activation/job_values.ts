import { draftOf, type Payload, valueOf } from "../../values/payload.ts";
import { payloadOf } from "../../values/encoder.ts";
import type { EncodeSubject } from "../../values/refusal.ts";
import { checkName, isName } from "../../base/options.ts";
import { pathStep } from "../../base/path.ts";
import type { JobValues } from "../../model/context.ts";
import type { ReadonlyValue } from "../../model/read_views.ts";
import type { KeyChange } from "../../job/commit.ts";
import type { Activation } from "./activation.ts";
import type { ActivationHost } from "./activation_host.ts";
import { detached } from "../../base/reflection.ts";

const NONE: readonly never[] = [];

type Change = (old: unknown) => unknown;

/** The writes of one key. */
interface Write {
  /** Whether a value was set: the changes apply to that value, not to the one that the job has at the commit. */
  readonly isSet: boolean;
  readonly value: Payload | undefined;
  changes: Change[] | undefined;
}

/** How an error names a refused value; the text is only made when one is refused. */
class ValueSubject implements EncodeSubject {
  readonly #name: string;
  readonly #key: string;

  constructor(name: string, key: string) {
    this.#name = name;
    this.#key = key;
  }

  get action(): string {
    return `Cannot set ${this.#name}`;
  }

  get root(): string {
    return this.#name + pathStep(this.#key);
  }
}

/** Values whose writes wait for the commit; reads see them already. */
export class BufferedValues implements JobValues {
  readonly #name: "shared" | "state";
  readonly #host: ActivationHost;
  readonly #activation: Activation;
  /** The key that was written first, and its writes: few activations write another key, so most need no map. */
  #key: string | undefined;
  #write: Write | undefined;
  #others: Map<string, Write> | undefined;

  /** Makes a view of the values that all routines share, or of those of the activation's routine. */
  constructor(name: "shared" | "state", host: ActivationHost, activation: Activation) {
    this.#name = name;
    this.#host = host;
    this.#activation = activation;
  }

  /** See `JobValues`. */
  get<T = unknown>(key: string): ReadonlyValue<T> | undefined {
    if (!(this instanceof BufferedValues)) throw detached("get", "ctx.shared", "ctx.state");
    return valueOf(this.#read(key), this.#host.classes) as ReadonlyValue<T> | undefined;
  }

  /** See `JobValues`. */
  set(key: string, value: unknown): void {
    if (!(this instanceof BufferedValues)) throw detached("set", "ctx.shared", "ctx.state");
    this.#check("set", key);
    this.#setWrite(key, { isSet: true, value: this.#encode(key, value), changes: undefined });
  }

  /** See `JobValues`. */
  update<T = unknown>(key: string, change: (old: T | undefined) => T | undefined): void {
    if (!(this instanceof BufferedValues)) throw detached("update", "ctx.shared", "ctx.state");
    this.#check("update", key);
    if (typeof change !== "function") {
      throw new TypeError(`Cannot update ${this.#name}.${key}: the change must be a function of the old value`);
    }
    const added = change as Change;
    const write = this.#writeOf(key);
    if (write === undefined) this.#setWrite(key, { isSet: false, value: undefined, changes: [added] });
    else if (write.changes === undefined) write.changes = [added];
    else write.changes.push(added);
  }

  /**
   * The changes that the writes make to the values of this moment.
   *
   * @throws whatever an update function throws
   */
  changes(): readonly KeyChange[] {
    if (this.#key === undefined) return NONE;
    const first: KeyChange = [this.#key, this.#read(this.#key)];
    if (this.#others === undefined) return [first];
    return [first, ...Array.from(this.#others.keys(), (key): KeyChange => [key, this.#read(key)])];
  }

  /** Forgets the writes: they have been committed. */
  clear(): void {
    this.#key = undefined;
    this.#write = undefined;
    this.#others = undefined;
  }

  #check(what: "set" | "update", key: string): void {
    if (!this.#activation.isOpen) this.#activation.checkOpen(`${this.#name}.${what}("${key}")`);
    if (!isName(key)) checkName(`Cannot ${what} ${this.#name}`, "key", key);
  }

  #writeOf(key: string): Write | undefined {
    return key === this.#key ? this.#write : this.#others?.get(key);
  }

  #setWrite(key: string, write: Write): void {
    if (this.#key !== undefined && this.#key !== key) {
      (this.#others ??= new Map()).set(key, write);
      return;
    }
    this.#key = key;
    this.#write = write;
  }

  #read(key: string): Payload | undefined {
    const write = this.#writeOf(key);
    let value = write?.isSet === true ? write.value : this.#current()?.get(key);
    const changes = write?.changes;
    if (changes !== undefined) {
      for (const change of changes) value = this.#encode(key, change(draftOf(value, this.#host.classes)));
    }
    return value;
  }

  /** The committed values. */
  #current(): ReadonlyMap<string, Payload> | undefined {
    const { job } = this.#host;
    return this.#name === "shared" ? job.sharedData : job.routineStates.get(this.#activation.routineId)?.state;
  }

  #encode(key: string, value: unknown): Payload | undefined {
    const { classes, limits } = this.#host;
    return payloadOf(value, classes, new ValueSubject(this.#name, key), limits);
  }
}

// Only the types refuse `ctx.state.count = 5`, which would be lost. What has no such property asks its prototypes, of which this is the
// last one; calls of the methods above find them before.
Object.setPrototypeOf(
  BufferedValues.prototype,
  new Proxy(Object.prototype, {
    set: (_, key) => {
      throw new TypeError(
        `Cannot assign to ${String(key)}: write ctx.state.set("${String(key)}", …) or ctx.shared.set`,
      );
    },
  }),
);
Object.freeze(BufferedValues.prototype);
