import { decodeBase64 } from "./base64.ts";
import type { ClassTable } from "./class_table.ts";
import { type ErrorData, reviveError } from "./error_data.ts";
import { isJsonArray, type JsonObject, type JsonValue } from "./json.ts";

/**
 * Builds the value that tagged JSON stands for.
 *
 * @throws {TypeError} when a class is not in the table; whatever a class's `fromJSON` throws
 */
export function decode(json: JsonValue, classes: ClassTable): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (isJsonArray(json)) return json.map((item) => decode(item, classes));
  const tag = json.$type;
  if (typeof tag === "string") return revive(tag, json.value ?? null, classes);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(json)) copy[key] = decode(json[key] ?? null, classes);
  return copy;
}

function revive(tag: string, value: JsonValue, classes: ClassTable): unknown {
  switch (tag) {
    case "Date":
      return new Date(String(value));
    case "bigint":
      return BigInt(String(value));
    case "Uint8Array":
      return decodeBase64(String(value));
    case "Map":
      return new Map(
        items(value).map((pair) => [decode(items(pair)[0] ?? null, classes), decode(items(pair)[1] ?? null, classes)]),
      );
    case "Set":
      return new Set(items(value).map((item) => decode(item, classes)));
    case "Error":
      return reviveError(value as JsonObject & ErrorData);
    default:
      return classes.revive(tag, decode(value, classes));
  }
}

function items(value: JsonValue): readonly JsonValue[] {
  // Unreachable default: the encoder writes lists here, and the reader has checked that there is one.
  return isJsonArray(value) ? value : [];
}
