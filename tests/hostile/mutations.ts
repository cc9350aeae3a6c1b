import type { Random } from "../support/seeded_random.ts";
import { DEPTHS, ODD_KEYS, ODD_LITERALS, ODD_TAGS, ODD_VALUES } from "./odd_values.ts";

/** A mutated document: its text, and what was done to it. */
export interface Mutant {
  readonly text: string;
  readonly changes: readonly string[];
}

/** One value in a document: the object or list that holds it, and its key there. */
interface Spot {
  readonly owner: object;
  readonly key: string;
  /** The keys that lead to it, numbers left out: the part of the document that it is. */
  readonly part: string;
}

/** What can come in from other documents. */
export interface Donors {
  /** Any values. */
  readonly values: readonly unknown[];
  /** What objects have in a part of a document, by that part. */
  readonly byPart: ReadonlyMap<string, readonly (readonly [key: string, value: unknown])[]>;
}

type Change = (spot: Spot, spots: Spots, random: Random, donors: Donors) => string | undefined;

const MOST_CHANGES = 4;

/** Gathers all that is in some documents. */
export function gatherDonors(documents: readonly unknown[]): Donors {
  const values = new Map<string, unknown>();
  const byPart = new Map<string, [string, unknown][]>();
  for (const spot of documents.flatMap((document) => new Spots({ document }).all())) {
    const value = valueOf(spot);
    values.set(JSON.stringify(value), value);
    if (Array.isArray(spot.owner)) continue;
    const owner = spot.part.slice(0, -spot.key.length - 1);
    const entries = byPart.get(owner) ?? [];
    byPart.set(owner, entries);
    entries.push([spot.key, value]);
  }
  return { values: Array.from(values.values()), byPart };
}

/** Changes a document in up to four places, as values or as text. */
export function mutate(text: string, donors: Donors, random: Random): Mutant {
  const whole: { readonly document?: unknown } = { document: JSON.parse(text) };
  const changes: string[] = [];
  const count = 1 + random.integer(random.chance(0.5) ? 1 : MOST_CHANGES);
  for (let i = 0; i < count; i++) {
    const spots = new Spots(whole);
    const spot = spots.pick(random);
    const change = random.pick(CHANGES);
    const done = spot === undefined ? undefined : change(spot, spots, random, donors);
    if (spot !== undefined && done !== undefined) changes.push(`${done} at ${spot.part}`);
  }
  let mangled = JSON.stringify(whole.document) ?? "";
  for (let i = random.chance(0.2) || changes.length === 0 ? 1 + random.integer(2) : 0; i > 0; i--) {
    const [name, changeText] = random.pick(TEXT_CHANGES);
    mangled = changeText(mangled, random);
    changes.push(name);
  }
  return { text: mangled, changes };
}

/** All values in a document, by the part that they are: rare parts are changed as often as those of which there are many. */
class Spots {
  readonly #byPart: Map<string, Spot[]> = new Map();

  constructor(document: unknown) {
    this.#add(document, "");
  }

  pick(random: Random): Spot | undefined {
    const parts = Array.from(this.#byPart.values());
    return pickOf(pickOf(parts, random) ?? [], random);
  }

  all(): Spot[] {
    return Array.from(this.#byPart.values()).flat();
  }

  /** Another spot, most often one whose key is the same. */
  other(spot: Spot, random: Random): Spot | undefined {
    const same = this.all().filter(({ key, owner }) => key === spot.key && owner !== spot.owner);
    return (random.chance(0.7) ? pickOf(same, random) : undefined) ?? this.pick(random);
  }

  #add(json: unknown, part: string): void {
    if (typeof json !== "object" || json === null) return;
    for (const [key, value] of Object.entries(json)) {
      const below = Array.isArray(json) ? `${part}[]` : `${part}.${key}`;
      const spots = this.#byPart.get(below) ?? [];
      this.#byPart.set(below, spots);
      spots.push({ owner: json, key, part: below });
      this.#add(value, below);
    }
  }
}

function pickOf<T>(items: readonly T[], random: Random): T | undefined {
  return items[random.integer(items.length)];
}

function valueOf({ owner, key }: Spot): unknown {
  return Object.getOwnPropertyDescriptor(owner, key)?.value;
}

/** Not by assignment: `__proto__` is a key like any other here. */
function put(owner: object, key: string, value: unknown): void {
  Object.defineProperty(owner, key, { value, configurable: true, enumerable: true, writable: true });
}

function copyOf(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

/** Keeping the kind goes far: others are refused by the schema, and there is nothing more to see. */
const replace: Change = (spot, _spots, random, donors) => {
  const kind = kindOf(valueOf(spot));
  const all = random.chance(0.5) ? donors.values : ODD_VALUES;
  const pool = random.chance(0.8) ? all.filter((value) => kindOf(value) === kind) : all;
  put(spot.owner, spot.key, copyOf(pickOf(pool, random)));
  return "replace";
};

const remove: Change = ({ owner, key }) => {
  if (Array.isArray(owner)) owner.splice(Number(key), 1);
  else Reflect.deleteProperty(owner, key);
  return "remove";
};

const add: Change = (spot, _spots, random, donors) => {
  const owner = valueOf(spot);
  if (typeof owner !== "object" || owner === null) return undefined;
  const value = copyOf(pickOf(random.chance(0.5) ? donors.values : ODD_VALUES, random));
  if (Array.isArray(owner)) owner.push(value);
  else put(owner, random.pick(ODD_KEYS), value);
  return "add";
};

/** Something that an object in this part of a document may have, and this one may have not. */
const graft: Change = (spot, _spots, random, donors) => {
  const owner = valueOf(spot);
  const entry = pickOf(donors.byPart.get(spot.part) ?? [], random);
  if (typeof owner !== "object" || owner === null || Array.isArray(owner) || entry === undefined) return undefined;
  put(owner, entry[0], copyOf(entry[1]));
  return `graft ${entry[0]}`;
};

const nameIt: Change = (spot, _spots, random) => {
  if (typeof valueOf(spot) !== "string") return undefined;
  put(spot.owner, spot.key, random.pick(ODD_KEYS));
  return "name";
};

const rename: Change = (spot, spots, random) => {
  if (Array.isArray(spot.owner)) return undefined;
  const value = valueOf(spot);
  Reflect.deleteProperty(spot.owner, spot.key);
  put(spot.owner, random.chance(0.5) ? random.pick(ODD_KEYS) : spots.pick(random)?.key ?? "x", value);
  return "rename";
};

const swap: Change = (spot, spots, random) => {
  const other = spots.other(spot, random);
  if (other === undefined) return undefined;
  const [mine, theirs] = [copyOf(valueOf(spot)), copyOf(valueOf(other))];
  put(other.owner, other.key, mine);
  put(spot.owner, spot.key, theirs);
  return "swap";
};

const copy: Change = (spot, spots, random) => {
  const other = spots.other(spot, random);
  if (other === undefined) return undefined;
  put(spot.owner, spot.key, copyOf(valueOf(other)));
  return "copy";
};

const count: Change = (spot, _spots, random) => {
  const value = valueOf(spot);
  if (typeof value !== "number") return undefined;
  put(spot.owner, spot.key, value + random.pick([1, -1, 2, 1e6, 0.5, -value, 2 ** 52, -2 * value]));
  return "count";
};

const tag: Change = (spot, _spots, random) => {
  const value = random.chance(0.5) ? copyOf(valueOf(spot)) : copyOf(pickOf(ODD_VALUES, random));
  const tagged = { $type: random.pick(ODD_TAGS), value };
  put(spot.owner, spot.key, random.chance(0.1) ? { ...tagged, more: 1 } : tagged);
  return "tag";
};

const list: Change = (spot, _spots, random) => {
  const items = valueOf(spot);
  if (!Array.isArray(items)) return undefined;
  const copies: readonly unknown[] = [copyOf(items[0]), ...items];
  put(
    spot.owner,
    spot.key,
    random.pick<readonly unknown[]>([copies, items.slice().reverse(), items.slice(1), items.slice(0, -1), [
      ...items,
      items,
    ]]),
  );
  return "list";
};

const CHANGES: readonly [Change, ...Change[]] = [
  ...[replace, replace, replace, replace] as const,
  ...[remove, remove, add, add, rename, swap, swap, copy, copy, count, count, count, count, tag, list, nameIt],
  ...[graft, graft, graft, graft],
];

/** A place in a text where a value begins and ends: a number, a text without escapes, or an empty list or object. */
const SCALAR = /(?<=[:[,])(?:-?\d[\d.eE+-]*|"[^"\\]*"|true|false|null|\[\]|\{\})(?=[,\]}])/g;

type TextChange = readonly [name: string, change: (text: string, random: Random) => string];

const TEXT_CHANGES: readonly [TextChange, ...TextChange[]] = [
  ["truncate", (text, random) => text.slice(0, random.integer(text.length))],
  ["literal", (text, random) => replaceScalar(text, random, random.pick(ODD_LITERALS))],
  ["literal", (text, random) => replaceScalar(text, random, random.pick(ODD_LITERALS))],
  ["nest", (text, random) => replaceScalar(text, random, nest(random))],
  ["double a key", doubleKey],
  ["double a key", doubleKey],
  ["cut", (text, random) => cut(text, random, "")],
  [
    "insert",
    (text, random) => cut(text, random, random.pick(['"', "}", "{", "]", "[", ",", ":", "\\", "\u0000", "\ufeff"])),
  ],
  ["twice", (text) => text + text],
];

function replaceScalar(text: string, random: Random, scalar: string): string {
  const places = Array.from(text.matchAll(SCALAR));
  const place = pickOf(places, random);
  return place === undefined ? text : text.slice(0, place.index) + scalar + text.slice(place.index + place[0].length);
}

function nest(random: Random): string {
  const depth = random.pick(DEPTHS);
  return random.chance(0.5)
    ? "[".repeat(depth) + "]".repeat(depth)
    : '{"value":'.repeat(depth) + "1" + "}".repeat(depth);
}

/** Of two equal keys in a text the last counts. */
function doubleKey(text: string, random: Random): string {
  const keys = Array.from(text.matchAll(/"(?:[^"\\]|\\.)*":/g));
  const [one, other] = [pickOf(keys, random), pickOf(keys, random)];
  if (one === undefined || other === undefined) return text;
  const key = random.pick<string>([one[0], other[0], '"__proto__":']);
  const value = random.pick(['{"polluted":true}', "null", "1", '"x"', "[]"]);
  return `${text.slice(0, one.index)}${key}${value},${text.slice(one.index)}`;
}

function cut(text: string, random: Random, instead: string): string {
  const at = random.integer(text.length);
  return text.slice(0, at) + instead + text.slice(at + random.integer(3));
}
