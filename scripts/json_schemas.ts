import {
  type JsonSchema as AnyJsonSchema,
  type OverrideActionContext,
  type OverrideSchemaContext,
  toJsonSchema,
} from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import { RESERVED_NAMES } from "../src/base/options.ts";
import { commitSchema } from "../src/documents/commit.ts";
import { flowSchema } from "../src/documents/flow_schema.ts";
import { innerJobSchema, jobSchema } from "../src/documents/job.ts";
import * as codecs from "../src/documents/codec.ts";
import { deferred, log, output, pausePoint, record } from "../src/documents/records.ts";
import { merged, source, task } from "../src/documents/task.ts";
import { DocumentComments, type JsonSchema } from "./document_comments.ts";
import { finish } from "./report.ts";

// Writes the JSON Schemas of the documents, from the schemas by which the library reads them and the comments above their
// types. `--check` compares them with what is there.

const FOLDER = new URL("../schemas/", import.meta.url);
const DOCUMENTS = "children claim codec commit_documents commit_parts flow_schema job records slots task".split(" ");
const SOURCES = [
  ...DOCUMENTS.map((name) => `documents/${name}`),
  ...["model/routine_document", "model/connection", "model/failure_connection"],
  ...["model/flow_limits", "model/error_handler", "values/payload"],
].map((name) => `src/${name}.ts`);

const value = codecs.value.schema();
const values = codecs.valuesSchema();
const error = codecs.error.schema();
const innerJob = innerJobSchema();
const definitions = {
  deferred: deferred.schema(),
  error,
  instant: codecs.instant.schema(),
  key: codecs.key.schema(),
  log: log.schema(),
  merged: merged.schema(),
  name: codecs.name.schema(),
  output: output.schema(),
  pausePoint: pausePoint.schema(),
  record: record.schema(),
  source: source.schema(),
  task: task.schema(),
  value,
  values,
};

const documents: readonly { name: string; type: string; schema: GenericSchema; title: string }[] = [
  { name: "flow", type: "FlowDocument", schema: flowSchema(), title: "A flow of routilux" },
  { name: "job", type: "JobDocument", schema: jobSchema(), title: "A job of routilux" },
  { name: "commit", type: "CommitDocument", schema: commitSchema(), title: "One change of a job of routilux" },
];

const comments = await DocumentComments.read(SOURCES, { errorHandler: "ErrorHandlerOptions" });
const results = [];
for (const { name, type, schema, title } of documents) {
  const file = new URL(`${name}.v1.json`, FOLDER);
  const text = await format(convert(name, type, schema, title));
  if (Deno.args.includes("--check")) {
    const isSame = await Deno.readTextFile(file).catch(() => "") === text;
    console.log(
      isSame ? `passed: schemas/${name}.v1.json` : `FAILED: schemas/${name}.v1.json; run this without --check`,
    );
    results.push({ passed: isSame ? 1 : 0, failed: isSame ? 0 : 1 });
  } else {
    await Deno.writeTextFile(file, text);
    console.log(`schemas/${name}.v1.json is written.`);
  }
}
if (Deno.args.includes("--check")) finish(results);

function convert(name: string, type: string, schema: GenericSchema, title: string): JsonSchema {
  const { $schema, $defs, ...rest } = toJsonSchema(schema, {
    target: "draft-2020-12",
    typeMode: "output",
    definitions,
    overrideSchema,
    overrideAction,
  }) as JsonSchema;
  const root: JsonSchema = {
    $schema,
    $id: `urn:routilux:${name}:1`,
    title,
    ...rest,
    $defs: $defs ?? {},
  };
  comments.describe(root, type);
  root.$defs = used(root);
  return root;
}

/** What valibot knows as a function is said in JSON Schema here. */
function overrideSchema({ valibotSchema, jsonSchema }: OverrideSchemaContext): AnyJsonSchema | undefined {
  switch (valibotSchema) {
    case value:
      return {
        description: 'JSON; an object with the key "$type" stands for something else.',
        anyOf: [
          { type: ["string", "number", "boolean", "null"] },
          { type: "array", items: { $ref: "#/$defs/value" } },
          {
            type: "object",
            propertyNames: { not: { const: "__proto__" } },
            additionalProperties: { $ref: "#/$defs/value" },
            if: { required: ["$type"] },
            then: {
              required: ["value"],
              properties: { $type: { type: "string", minLength: 1 }, value: true },
              additionalProperties: false,
            },
          },
        ],
      };
    case values:
      return {
        description: "Values by key.",
        type: "object",
        propertyNames: { not: { const: "__proto__" } },
        additionalProperties: { $ref: "#/$defs/value" },
      };
    case innerJob:
      return { $ref: "#" };
    case error:
      return {
        type: "object",
        properties: {
          name: { type: "string" },
          message: { type: "string" },
          code: { type: ["string", "number"] },
          stack: { type: "string" },
          cause: { $ref: "#/$defs/error" },
          details: {
            description: 'Plain JSON: no object in it has the key "$type".',
            type: "object",
            propertyNames: { not: { enum: ["__proto__", "$type"] } },
            additionalProperties: { $ref: "#/$defs/value" },
          },
          errors: { type: "array", items: { $ref: "#/$defs/error" } },
          omitted: { type: "array", items: { type: "string" }, minItems: 1 },
        },
        required: ["name", "message"],
        additionalProperties: false,
      };
  }
  if (valibotSchema.type === "record") {
    return { ...jsonSchema, propertyNames: { minLength: 1, not: { enum: [...RESERVED_NAMES] } } };
  }
  return undefined;
}

function overrideAction({ valibotAction, jsonSchema }: OverrideActionContext): AnyJsonSchema | undefined {
  if (valibotAction.type === "finite") return jsonSchema;
  const message = "message" in valibotAction ? String(valibotAction.message) : "";
  if (message.startsWith("Invalid name")) return { ...jsonSchema, not: { enum: [...RESERVED_NAMES] } };
  if (message.startsWith("Invalid key")) return { ...jsonSchema, not: { const: "__proto__" } };
  if (message.startsWith("Invalid instant")) {
    return {
      ...jsonSchema,
      pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$",
      description: "An instant in UTC, as ISO 8601 writes it, with milliseconds.",
    };
  }
  return undefined;
}

/** The definitions that something refers to. */
function used({ $defs = {}, ...rest }: JsonSchema): { [name: string]: JsonSchema } {
  const found = new Set<string>();
  const visit = (node: unknown): void => {
    for (const [, name = ""] of JSON.stringify(node).matchAll(/"#\/\$defs\/(\w+)"/g)) {
      if (found.has(name)) continue;
      found.add(name);
      visit($defs[name]);
    }
  };
  visit(rest);
  return Object.fromEntries(Object.entries($defs).filter(([name]) => found.has(name)));
}

async function format(schema: JsonSchema): Promise<string> {
  const formatter = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "json", "-"],
    cwd: new URL("..", import.meta.url),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = formatter.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(schema)));
  await writer.close();
  return new TextDecoder().decode((await formatter.output()).stdout);
}
