/**
 * What a task follows from, for jobs whose commits may come in another order when they are made again: the key of the task that
 * made it, the step of that task, and the position among all that the step made, as 62 bits in two halves. Ids are given in the
 * order of commits, so that in such a job the id of a task that was never stored may be that of another later; what follows from a
 * stored task by the same step has the same key in any order. A task without a key hands none down: its id is its key.
 */
export interface TaskKey {
  /** The first 31 bits. */
  readonly high: number;
  /** The other 31 bits. */
  readonly low: number;
}

const HALF = 2 ** 31;
const NOBODY: TaskKey = { high: 0, low: 0 };
/** Positions of what comes from outside: no step makes anything there. */
const FIRST = -1;
const COMMAND = -2;
const CALL = -3;

/** The key of what a step of a task makes at a position, given that task's key. */
export function keyFrom(parent: TaskKey | undefined, step: number, position: number): TaskKey | undefined {
  return parent && mix(parent, step, position);
}

/** The key of a job's first task. */
export function firstKey(): TaskKey {
  return mix(NOBODY, 0, FIRST);
}

/**
 * The key of a delivery from outside: by its number in the inbox, if it was sent there. A call that was never stored may be
 * followed by another instead, so that of a call depends on its task's id and on when it was made. An answer follows from
 * the task that has awaited it, too.
 */
export function deliveryKey(
  awaited: TaskKey | undefined,
  sequence: number | undefined,
  id: number,
  at: number,
): TaskKey {
  const parent = awaited ?? NOBODY;
  if (sequence !== undefined) return mix(parent, sequence, COMMAND);
  return mix(mix(parent, id, CALL), Math.floor(at / HALF), at % HALF);
}

/** A key as documents have it: 12 digits and letters. */
export function writeKey({ high, low }: TaskKey): string {
  return writeHalf(high) + writeHalf(low);
}

function writeHalf(half: number): string {
  return half.toString(36).padStart(6, "0");
}

/** Reads what `writeKey` wrote; `undefined` for any other text. */
export function parseKey(text: string): TaskKey | undefined {
  if (!/^[0-9a-z]{12}$/.test(text)) return undefined;
  const key = { high: parseInt(text.slice(0, 6), 36), low: parseInt(text.slice(6), 36) };
  return key.high < HALF && key.low < HALF && key.high + key.low > 0 ? key : undefined;
}

/** Multiplications by odd numbers, and shifts: with one of the four numbers changed, another pair comes out before it is cut. */
function mix({ high, low }: TaskKey, step: number, position: number): TaskKey {
  let a = Math.imul(high ^ position, 0x85ebca6b);
  a = Math.imul(a ^ (a >>> 13) ^ step, 0xc2b2ae35);
  let b = Math.imul(low ^ step, 0x27d4eb2f);
  b = Math.imul(b ^ (b >>> 15) ^ position, 0x165667b1);
  a ^= Math.imul(b ^ (b >>> 16), 0x9e3779b1);
  b ^= Math.imul(a ^ (a >>> 15), 0x85ebca77);
  // 31 bits: engines keep larger integers as heap objects.
  return { high: a >>> 1, low: b >>> 1 };
}
