import { decodeBase64 } from "../base/base64.ts";
import type { ClassTable } from "./class_table.ts";
import { type ErrorData, reviveError } from "./error_data.ts";
import { isJsonArray, type JsonObject, type JsonValue } from "./json.ts";

/**
 * Builds the value that tagged JSON stands for. Its lists, objects, maps, sets and dates refuse changes, unless it is a draft;
 * bytes, errors and instances of classes can be changed: nobody else has them.
 *
 * @throws {TypeError} when a class is not in the table; whatever a class's `fromJSON` throws
 */
export function decode(json: JsonValue, classes: ClassTable, isDraft: boolean): unknown {
  if (typeof json !== "object" || json === null) return json;
  const seal = isDraft ? keep : Object.freeze;
  if (isJsonArray(json)) return seal(json.map((item) => decode(item, classes, isDraft)));
  const tag = json.$type;
  if (typeof tag === "string") return revive(tag, json.value ?? null, classes, isDraft);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(json)) copy[key] = decode(json[key] ?? null, classes, isDraft);
  return seal(copy);
}

function keep<T>(value: T): T {
  return value;
}

function revive(tag: string, value: JsonValue, classes: ClassTable, isDraft: boolean): unknown {
  const seal = isDraft ? keep : guard;
  const part = (json: JsonValue | undefined) => decode(json ?? null, classes, isDraft);
  switch (tag) {
    case "Date":
      return seal(new Date(String(value)));
    case "bigint":
      return BigInt(String(value));
    case "Uint8Array":
      return decodeBase64(String(value));
    case "Map":
      return seal(new Map(items(value).map((pair) => [part(items(pair)[0]), part(items(pair)[1])])));
    case "Set":
      return seal(new Set(items(value).map(part)));
    case "Error":
      return reviveError(value as JsonObject & ErrorData);
    default:
      // What an instance is made of belongs to it.
      return classes.revive(tag, decode(value, classes, true));
  }
}

function items(value: JsonValue): readonly JsonValue[] {
  // Unreachable default: the encoder writes lists here, and the reader has checked that there is one.
  return isJsonArray(value) ? value : [];
}

/** What changes a built-in instance in place: `Object.freeze` does not reach what such an instance holds. */
const SETTERS = /^(?:set|add|delete|clear|getOrInsert)/;

/**
 * Makes a map, set or date refuse to be changed in place: who reads a value from a job holds a copy, and a change of it would be
 * lost. It stays an instance of its class: it is cloned, compared and sent like any other.
 */
function guard<T extends Map<unknown, unknown> | Set<unknown> | Date>(instance: T): T {
  return Object.freeze(Object.defineProperties(instance, guardsOf(instance)));
}

let mapGuards: PropertyDescriptorMap | undefined;
let setGuards: PropertyDescriptorMap | undefined;
let dateGuards: PropertyDescriptorMap | undefined;

/** Made when the first is asked for, and shared by all instances. */
function guardsOf(instance: Map<unknown, unknown> | Set<unknown> | Date): PropertyDescriptorMap {
  if (instance instanceof Map) return mapGuards ??= createGuards("Map", Map.prototype);
  if (instance instanceof Set) return setGuards ??= createGuards("Set", Set.prototype);
  return dateGuards ??= createGuards("Date", Date.prototype);
}

function createGuards(name: string, prototype: object): PropertyDescriptorMap {
  const refuse = (): never => {
    throw new TypeError(`Cannot change a ${name} in place: it is a copy; set another one, or change it in update()`);
  };
  const names = Object.getOwnPropertyNames(prototype).filter((method) => SETTERS.test(method));
  return Object.fromEntries(names.map((method) => [method, { value: refuse, enumerable: false }]));
}
