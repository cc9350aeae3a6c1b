import type { Incarnation, PermitAnswer, PermitQuery, QueueLimits, TakeQuery } from "./store.ts";

type Rate = NonNullable<QueueLimits["rate"]>;

type Start = QueueState["starts"][number];

/** What an incarnation has of a queue. */
export interface QueueHolder extends Incarnation {
  /** Its last call. */
  readonly call: number;
  /** How many permits it has. */
  readonly permits: number;
  /** How many of them may be used at any moment: they count as starts until its next call. */
  readonly unused: number;
  /** Whether it was given less than it wanted, and nothing has become free since. */
  readonly isRefused: boolean;
}

/** What a store keeps of a queue with limits: plain JSON. */
export interface QueueState {
  /** Those that have asked for permits, and whose leases run, as far as is known. */
  readonly holders: readonly QueueHolder[];
  /** The last starts, the oldest first: as many as the widest rate counts. */
  readonly starts: readonly (readonly [at: number, count: number])[];
  /** The longest span and the highest count of all rates that workers have stated; absent as long as none has. */
  readonly widest?: { readonly count: number; readonly perMs: number } | undefined;
}

/** What has become of a call of `permit`. */
export interface Permitted extends Omit<PermitAnswer, "now"> {
  /** The state after it: the same object when nothing has changed. */
  readonly state: QueueState;
  /**
   * The holders whose leases were found to have ended: the store ends them for good before it stores the state. Where one of them may have
   * been renewed meanwhile, it asks again after that.
   */
  readonly lapsed: readonly Incarnation[];
  /** Whether those who were refused before should ask again. */
  readonly isFreed: boolean;
}

const NEW_QUEUE: QueueState = { holders: [], starts: [] };

/**
 * How late a call may arrive, after the time that it names. State from further in the future was written by a clock that has been
 * set back since.
 */
const LONGEST_LATE_MS = 600_000;

/** Rates of more starts than this are counted by hundredths of their spans, so that a list of starts stays short. */
const MOST_STARTS = 100;

/**
 * Gives permits to an incarnation whose lease runs. `leaseEnd` says when the lease of another one ends or has ended; `undefined` when it
 * has left.
 *
 * @example
 * ```ts
 * import { permit } from "@routilux/routilux/store";
 *
 * const query = { queue: "mail", now: 1_000, kept: 0, started: 0, limits: { globalConcurrency: 3 } };
 * const first = permit(undefined, { ...query, owner: "a", incarnation: 1, call: 1, wanted: 2 }, 1_000, () => undefined);
 * const second = permit(first.state, { ...query, owner: "b", incarnation: 2, call: 1, wanted: 2 }, 1_000, () => 31_000);
 * [first.granted, second.granted, second.freeAt]; // [2, 1, 31_000]
 * ```
 */
export function permit(
  known: QueueState | undefined,
  { owner, incarnation, call, kept, started, wanted, limits }: PermitQuery,
  now: number,
  leaseEnd: (holder: Incarnation) => number | undefined,
): Permitted {
  const before = known ?? NEW_QUEUE;
  const { globalConcurrency = Infinity, rate } = limits;
  const own = before.holders.find((it) => it.incarnation === incarnation);
  if (own !== undefined && call <= own.call) {
    // It was repeated, or is late.
    const granted = call === own.call ? Math.max(0, own.permits - kept) : 0;
    return { state: before, granted, freeAt: undefined, lapsed: [], isFreed: false };
  }
  const widest = widestOf(before.widest, rate);
  const starts = new Starts(before.starts, widest, now);
  const others: { readonly holder: QueueHolder; readonly until: number }[] = [];
  const lapsed: Incarnation[] = [];
  let freed = 0;
  for (const holder of before.holders) {
    if (holder.incarnation === incarnation) continue;
    const until = leaseEnd(holder);
    if (runs(until, now)) others.push({ holder, until });
    else {
      // It may have used them until its end.
      starts.add(until ?? now, holder.unused);
      freed += holder.permits;
      if (until !== undefined) lapsed.push(holder);
    }
  }
  const used = Math.min(started, own?.unused ?? 0);
  starts.add(now, used);
  const taken = sum(others.map(({ holder }) => holder.permits));
  const pending = sum(others.map(({ holder }) => holder.unused));
  const room = Math.max(0, globalConcurrency - taken - kept);
  const left = rate === undefined ? Infinity : Math.max(0, rate.count - pending - starts.within(rate.perMs));
  const granted = Math.min(wanted, room, left);
  const unused = widest === undefined ? 0 : granted;
  const isMore = freed > 0 || (own !== undefined && (kept + granted < own.permits || used < own.unused));
  const isFreed = isMore && others.some(({ holder }) => holder.isRefused);
  const isRefused = granted < wanted;
  let freeAt: number | undefined;
  if (isRefused) {
    const isFull = room < wanted && room <= left;
    const roomAt = isFull ? Math.min(...others.map(({ until }) => until)) : now;
    const rateAt = rate !== undefined && left < wanted && left <= room ? starts.freeAt(rate, pending + granted) : now;
    const at = Math.max(roomAt, rateAt);
    freeAt = at === Infinity ? undefined : at;
  }
  const holder: QueueHolder = { owner, incarnation, call, permits: kept + granted, unused, isRefused };
  const told = others.map(({ holder }) => isFreed ? { ...holder, isRefused: false } : holder);
  const next: QueueState = { holders: [...told, holder], starts: starts.list, ...(widest && { widest }) };
  // A refusal that changes nothing need not be stored: an engine that waits asks again and again.
  const isSame = isRefused && own?.isRefused === true && granted === 0 && used === 0 && own.unused === 0 &&
    own.permits === kept && next.holders.length === before.holders.length && isSameRate(widest, before.widest);
  return { state: isSame ? before : next, granted, freeAt, lapsed, isFreed };
}

/**
 * Whether an incarnation may take jobs by the permits that it names, if it names some.
 *
 * @example
 * ```ts
 * import { isPermitted } from "@routilux/routilux/store";
 *
 * const query = { incarnation: 1, permit: { queue: "mail", call: 7 } };
 * isPermitted(undefined, query); // false: it was given none
 * isPermitted(undefined, { incarnation: 1 }); // true: none are needed
 * ```
 */
export function isPermitted(
  state: QueueState | undefined,
  { incarnation, permit, unread = false }: Pick<TakeQuery, "incarnation" | "permit" | "unread">,
): boolean {
  if (permit === undefined) return true;
  const own = state?.holders.find((it) => it.incarnation === incarnation);
  // A call that was refused may have been left out of the state.
  return own?.call === permit.call || (unread && own !== undefined && own.call < permit.call);
}

function runs(until: number | undefined, now: number): until is number {
  return until !== undefined && until > now;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, it) => total + it, 0);
}

function widestOf(known: Rate | undefined, rate: Rate | undefined): Rate | undefined {
  if (known === undefined || rate === undefined) return rate ?? known;
  return { count: Math.max(known.count, rate.count), perMs: Math.max(known.perMs, rate.perMs) };
}

function isSameRate(one: Rate | undefined, other: Rate | undefined): boolean {
  return one?.count === other?.count && one?.perMs === other?.perMs;
}

/** The starts of a queue, while its state is changed. */
class Starts {
  readonly #widest: Rate | undefined;
  readonly #now: number;
  #list: Start[] = [];

  constructor(starts: readonly Start[], widest: Rate | undefined, now: number) {
    this.#widest = widest;
    this.#now = now;
    if (widest === undefined) return;
    for (const [at, count] of starts) this.add(at > now + LONGEST_LATE_MS ? now : at, count);
  }

  /** Adds starts. Where they are many, their instant is rounded up. */
  add(at: number, count: number): void {
    if (count === 0 || this.#widest === undefined) return;
    const { count: most, perMs } = this.#widest;
    const grid = most > MOST_STARTS ? perMs / MOST_STARTS : 0;
    const rounded = grid === 0 ? at : Math.ceil(at / grid) * grid;
    const place = this.#list.findLastIndex(([other]) => other <= rounded);
    const [other, known = 0] = this.#list[place] ?? [];
    if (other === rounded) this.#list[place] = [rounded, known + count];
    else this.#list.splice(place + 1, 0, [rounded, count]);
  }

  /** How many there were within a span that ends now. */
  within(perMs: number): number {
    return sum(this.#list.map(([at, count]) => at > this.#now - perMs ? count : 0));
  }

  /** When another start is allowed, while `pending` others may happen now. */
  freeAt({ count, perMs }: Rate, pending: number): number {
    let left = this.within(perMs) + pending - count;
    const counted = [...this.#list.filter(([at]) => at > this.#now - perMs), [this.#now, pending] as const];
    const last = counted.find(([, starts]) => (left -= starts) < 0);
    // Unreachable default: all of them together are more than are left.
    return (last?.[0] ?? this.#now) + perMs;
  }

  /** Those that some rate still counts. */
  get list(): readonly Start[] {
    const { count, perMs } = this.#widest ?? { count: 0, perMs: 0 };
    let newer = 0;
    const kept = this.#list.toReversed().filter(([at, starts]) => {
      const isCounted = newer < count && at > this.#now - perMs;
      newer += starts;
      return isCounted;
    });
    return kept.reverse();
  }
}
