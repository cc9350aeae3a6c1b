import { assertEquals } from "@std/assert";
import * as v from "valibot";

/** A schema that also says what it takes as JSON Schema, in the way of Standard JSON Schema. */
export function described<S extends v.GenericSchema>(schema: S, json: unknown): S {
  const input = (options: { readonly target: string }) => {
    assertEquals(options, { target: "draft-2020-12" });
    if (json instanceof Error) throw json;
    return json;
  };
  return { ...schema, "~standard": { ...schema["~standard"], jsonSchema: { input } } };
}

/** The schema of a payment, with a field of each kind. */
export const PAYMENT: v.GenericSchema = described(
  v.object({
    amount: v.pipe(v.number(), v.minValue(1, "is too little")),
    count: v.optional(v.number()),
    by: v.string(),
    kind: v.optional(v.picklist(["cash", "card"])),
    isFinal: v.optional(v.boolean()),
    address: v.optional(v.object({ city: v.pipe(v.string(), v.minLength(2, "is too short")), zip: v.string() })),
    tags: v.optional(v.array(v.string())),
  }),
  {
    type: "object",
    properties: {
      amount: { type: "number", title: "Amount", description: "in euros" },
      count: { type: "integer", default: 1 },
      by: { type: "string" },
      kind: { enum: ["cash", "card"] },
      isFinal: { type: "boolean" },
      address: {
        type: "object",
        description: "where to",
        properties: { city: { type: "string" }, zip: { type: "string" } },
        required: ["city", "zip"],
      },
      tags: { type: "array", items: { type: "string" } },
    },
    required: ["amount", "by"],
  },
);
