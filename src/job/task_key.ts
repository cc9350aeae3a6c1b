/**
 * What a task follows from, for jobs whose commits may come in another order when they are made again: the key of the task that
 * made it, the step of that task, and the position among all that the step made, as 62 bits in two halves. Ids are given in the
 * order of commits, so that in such a job the id of a task that was never stored may be that of another later; what follows from a
 * stored task by the same step has the same key in any order. A task without a key hands none down: its id is its key.
 */
export interface TaskKey {
  /** The first 31 bits; 0 in both halves for a task without a key. */
  readonly keyHigh: number;
  /** The other 31 bits. */
  readonly keyLow: number;
}

/** A task, as far as its key is concerned. */
interface Keyed {
  keyHigh: number;
  keyLow: number;
}

const HALF = 2 ** 31;
/** Positions of what comes from outside: no step makes anything there. */
const FIRST = -1;
const COMMAND = -2;
const CALL = -3;

/** Gives a task the key of what a step of another makes at a position, if that one has a key. */
export function inheritKey(task: Keyed, parent: TaskKey, step: number, position: number): void {
  const { keyHigh, keyLow } = parent;
  if (keyHigh !== 0 || keyLow !== 0) mix(task, keyHigh, keyLow, step, position);
}

/** The key of what a step of a task makes and what is no task; `undefined` for a task without one. */
export function keyFrom({ keyHigh, keyLow }: TaskKey, step: number, position: number): TaskKey | undefined {
  return keyHigh === 0 && keyLow === 0 ? undefined : mixed(keyHigh, keyLow, step, position);
}

/** The key of a job's first task. */
export function firstKey(): TaskKey {
  return mixed(0, 0, 0, FIRST);
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
  const { keyHigh, keyLow } = awaited ?? { keyHigh: 0, keyLow: 0 };
  if (sequence !== undefined) return mixed(keyHigh, keyLow, sequence, COMMAND);
  const call = mixed(keyHigh, keyLow, id, CALL);
  return mixed(call.keyHigh, call.keyLow, Math.floor(at / HALF), at % HALF);
}

/** A key as documents have it: 12 digits and letters; `undefined` for none. */
export function writeKey({ keyHigh, keyLow }: TaskKey): string | undefined {
  return keyHigh === 0 && keyLow === 0 ? undefined : writeHalf(keyHigh) + writeHalf(keyLow);
}

function writeHalf(half: number): string {
  return half.toString(36).padStart(6, "0");
}

/** Reads what `writeKey` wrote; `undefined` for any other text. */
export function parseKey(text: string): TaskKey | undefined {
  if (!/^[0-9a-z]{12}$/.test(text)) return undefined;
  const key = { keyHigh: parseInt(text.slice(0, 6), 36), keyLow: parseInt(text.slice(6), 36) };
  return key.keyHigh < HALF && key.keyLow < HALF && key.keyHigh + key.keyLow > 0 ? key : undefined;
}

function mixed(high: number, low: number, step: number, position: number): TaskKey {
  const key = { keyHigh: 0, keyLow: 0 };
  mix(key, high, low, step, position);
  return key;
}

/** Multiplications by odd numbers, and shifts: with one of the four numbers changed, another pair comes out before it is cut. */
function mix(key: Keyed, high: number, low: number, step: number, position: number): void {
  let a = Math.imul(high ^ position, 0x85ebca6b);
  a = Math.imul(a ^ (a >>> 13) ^ step, 0xc2b2ae35);
  let b = Math.imul(low ^ step, 0x27d4eb2f);
  b = Math.imul(b ^ (b >>> 15) ^ position, 0x165667b1);
  a ^= Math.imul(b ^ (b >>> 16), 0x9e3779b1);
  b ^= Math.imul(a ^ (a >>> 15), 0x85ebca77);
  // 31 bits: engines keep larger integers as heap objects.
  key.keyHigh = a >>> 1;
  key.keyLow = b >>> 1;
}
