import process from "node:process";
import {
  addSurvivor,
  endLease,
  enterOwner,
  hasLease,
  leaseEndOf,
  leaveOwner,
  mayForget,
  type OwnerState,
  renewOwner,
} from "../../ports/lease_kit.ts";
import { isPermitted, permit, type Permitted, type QueueState } from "../../ports/permit_kit.ts";
import type { EnterQuery, Incarnation, MaybePromise, PermitQuery, TakeQuery } from "../../ports/store.ts";
import { codeOf, failure, type Files, replaceFile, UNFINISHED, type Work } from "./files.ts";
import { decodeHeader, encodeLine, FORMAT, nextLine } from "./json_lines.ts";
import { WriteQueue, type WriteTarget } from "./write_queue.ts";

/** The name of the file with the numbers of the store. */
const NUMBERS = ".numbers.jsonl";
/** How many numbers of lives are reserved at once: so many jobs are created without a write to the file. */
const RESERVED = 1_000;

/** The part of the owners' state that must never be lost. */
interface Numbers {
  /** The lives up to this number may have been given to jobs. */
  readonly lives: number;
  /** The number of the last incarnation. */
  readonly incarnations: number;
  /** The incarnations that have survived the loss of their lease. */
  readonly survived: readonly number[];
}

interface State extends Numbers {
  readonly owners: ReadonlyMap<string, OwnerState>;
  /** The queues with limits. */
  readonly queues: ReadonlyMap<string, QueueState>;
}

/** The content of the file. */
interface Content extends Numbers {
  /** The process that has granted the leases. */
  readonly process: string;
  readonly owners: readonly (readonly [name: string, state: OwnerState])[];
  readonly queues?: readonly (readonly [name: string, state: QueueState])[];
}

/**
 * The owners of jobs, the numbers of incarnations and lives, and the queues with limits. A file has the numbers, so that none is given
 * twice, and what was taken of queues with a rate. It has the leases, too, as they were when it was written last, at the latest when the
 * store is closed; but they count for the same process only. Those of another one have ended when the store is opened, since one process
 * at a time has it open.
 */
export class Owners implements WriteTarget {
  readonly #files: Files;
  readonly #root: string;
  readonly #queue: WriteQueue;
  readonly #onChange: (owner: string) => void;
  #state: State;
  /** The state as it will be once the file is written. */
  #ahead: State;
  #lives: number;
  /** Whether the next `store` writes the file in any case. */
  #mustWrite = false;
  /** The owners that the file has. */
  #written: State["owners"];

  /** Reads the file. `onChange` is called when the leases of an owner have changed. */
  constructor(files: Files, root: string, waits: boolean, onChange: (owner: string) => void) {
    this.#files = files;
    this.#root = root;
    this.#queue = new WriteQueue(waits);
    this.#onChange = onChange;
    files.rmSync(`${this.#path}${UNFINISHED}`, { recursive: false, force: true });
    this.#state = this.#ahead = this.#read();
    this.#written = this.#state.owners;
    this.#lives = this.#state.lives;
  }

  /** The incarnations that have survived the loss of their lease. */
  get survived(): readonly number[] {
    return this.#state.survived;
  }

  /** When the lease of an incarnation ends; `undefined` when it has left, was taken over, or ended long ago. */
  leaseEndOf(owner: string, incarnation: number): number | undefined {
    return leaseEndOf(this.#state.owners.get(owner), incarnation);
  }

  /** Whether an incarnation is the present one of its name, and its lease runs. */
  isPresent({ owner, incarnation }: Incarnation, now: number): boolean {
    return hasLease(this.#state.owners.get(owner), incarnation, now);
  }

  /** Notes the numbers of a job that was found: the file may be gone, or older, when the power was lost without flushes. */
  noteFound({ life, incarnation = 0 }: { readonly life: number; readonly incarnation: number | undefined }): void {
    const { lives, incarnations } = this.#state;
    if (life <= lives && incarnation <= incarnations) return;
    this.#lives = Math.max(this.#lives, life);
    this.#state = this.#ahead = {
      ...this.#state,
      lives: this.#lives,
      incarnations: Math.max(incarnations, incarnation),
    };
  }

  /** Returns the number of a new life. */
  nextLife(): MaybePromise<number> {
    if (this.#lives < this.#state.lives) return ++this.#lives;
    return this.#queue.write(this, () => {
      if (this.#lives >= this.#ahead.lives) this.#ahead = { ...this.#ahead, lives: this.#lives + RESERVED };
      return ++this.#lives;
    });
  }

  /** Gives an owner an incarnation; `undefined` when it is refused. */
  enter(query: EnterQuery): MaybePromise<number | undefined> {
    return this.#queue.write(this, () => {
      const { owners } = this.#ahead;
      let { incarnations } = this.#ahead;
      const state = enterOwner(owners.get(query.owner), query, () => ++incarnations);
      const survived = addSurvivor(this.#ahead.survived, query.again);
      const known = [...withState(owners, query.owner, state)].filter(([, it]) => !mayForget(it, query.now));
      this.#ahead = { ...this.#ahead, incarnations, survived, owners: new Map(known) };
      return state?.incarnation;
    });
  }

  /** Renews the lease of an incarnation; false when it has no right to. */
  renew({ owner, incarnation }: Incarnation, leaseMs: number, now: number): MaybePromise<boolean> {
    return this.#queue.write(this, () => {
      const { owners } = this.#ahead;
      const { state, isHeld } = renewOwner(owners.get(owner), incarnation, leaseMs, now);
      this.#ahead = { ...this.#ahead, owners: withState(owners, owner, state) };
      return isHeld;
    });
  }

  /** Ends leases for good that have ended by an instant, unless a renewal that is being written comes first. */
  endLeases(holders: readonly Incarnation[], now: number): MaybePromise<void> {
    if (holders.length === 0) return;
    return this.#queue.write(this, () => {
      let { owners } = this.#ahead;
      for (const { owner, incarnation } of holders) {
        owners = withState(owners, owner, endLease(owners.get(owner), incarnation, now));
      }
      this.#ahead = { ...this.#ahead, owners };
    });
  }

  /** Ends the lease of an incarnation. */
  leave({ owner, incarnation }: Incarnation): MaybePromise<void> {
    return this.#queue.write(this, () => {
      const { owners } = this.#ahead;
      const state = owners.get(owner);
      this.#ahead = {
        ...this.#ahead,
        owners: withState(owners, owner, state && leaveOwner(state, incarnation)),
      };
    });
  }

  /** Whether an incarnation may take jobs by the permits that it names, if it names some. */
  isPermitted(query: TakeQuery): boolean {
    return isPermitted(this.#state.queues.get(query.permit?.queue ?? ""), query);
  }

  /** Gives permits for jobs of a queue; `undefined` for an incarnation without a lease. */
  permit(query: PermitQuery): MaybePromise<Permitted | undefined> {
    const { owner, incarnation, queue, now } = query;
    return this.#queue.write(this, () => {
      let { owners, queues } = this.#ahead;
      if (!hasLease(owners.get(owner), incarnation, now)) return undefined;
      const before = queues.get(queue);
      const leaseEnd = (it: Incarnation) => leaseEndOf(owners.get(it.owner), it.incarnation);
      const permitted = permit(before, query, now, leaseEnd);
      for (const it of permitted.lapsed) {
        owners = withState(owners, it.owner, endLease(owners.get(it.owner), it.incarnation, now));
      }
      if (permitted.state !== before) queues = new Map(queues).set(queue, permitted.state);
      this.#ahead = { ...this.#ahead, owners, queues };
      return permitted;
    });
  }

  /** Writes the leases to the file, if they have changed. */
  save(): MaybePromise<void> {
    if (this.#written === this.#state.owners) return;
    return this.#queue.write(this, () => {
      this.#mustWrite = true;
    });
  }

  /** Writes the file if the numbers have changed, and brings the changes into effect. */
  *store(): Work<void> {
    const [before, ahead] = [this.#state, this.#ahead];
    const mustWrite = this.#mustWrite || NAMES.some((name) => ahead[name] !== before[name]) ||
      (ahead.queues !== before.queues && [...ahead.queues.values()].some(({ widest }) => widest !== undefined));
    this.#mustWrite = false;
    try {
      if (mustWrite) yield* this.#write(ahead);
    } catch (error) {
      this.#ahead = before;
      throw failure(`Cannot write "${this.#path}"`, error);
    }
    this.#state = ahead;
    for (const owner of new Set([...before.owners.keys(), ...ahead.owners.keys()])) {
      if (before.owners.get(owner) !== ahead.owners.get(owner)) this.#onChange(owner);
    }
  }

  get #path(): string {
    return `${this.#root}/${NUMBERS}`;
  }

  *#write({ owners, queues, ...numbers }: State): Work<void> {
    const content: Content = { ...numbers, process: ownProcess(), owners: [...owners], queues: [...queues] };
    const line = encodeLine({ ...FORMAT, ...content });
    yield* replaceFile(this.#files, this.#root, NUMBERS, [line], () => void (this.#written = owners));
  }

  #read(): State {
    try {
      const bytes = this.#files.readFileSync(this.#path);
      const content = decodeHeader<Content>(bytes.subarray(0, nextLine(bytes, 0) - 1), this.#path);
      const { lives, incarnations, survived, process, owners, queues = [] } = content;
      const kept = new Map(process === ownProcess() ? owners : []);
      return { lives, incarnations, survived, owners: kept, queues: new Map(queues) };
    } catch (error) {
      if (codeOf(error) === "ENOENT") {
        return { lives: 0, incarnations: 0, survived: [], owners: new Map(), queues: new Map() };
      }
      throw error;
    }
  }
}

const NAMES = ["lives", "incarnations", "survived"] as const;

function withState(
  owners: ReadonlyMap<string, OwnerState>,
  owner: string,
  state: OwnerState | undefined,
): ReadonlyMap<string, OwnerState> {
  return state === undefined ? owners : new Map(owners).set(owner, state);
}

/** Names this process: its number may have been that of another before. */
function ownProcess(): string {
  return `${process.pid} ${performance.timeOrigin}`;
}
