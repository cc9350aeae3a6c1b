/** A JSON Schema, as far as it is gone through here. */
export interface JsonSchema {
  $ref?: string;
  $defs?: { [name: string]: JsonSchema };
  description?: string;
  properties?: { [name: string]: JsonSchema };
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  [keyword: string]: unknown;
}

/** A type as `deno doc --json` tells it. */
interface Type {
  readonly kind: string;
  readonly value?: unknown;
}
interface Property {
  readonly name: string;
  readonly jsDoc?: { readonly doc?: string };
  readonly tsType?: Type;
}
interface Members {
  readonly properties?: readonly Property[];
  readonly indexSignatures?: readonly { readonly tsType?: Type }[];
  readonly extends?: readonly Type[];
}
interface Declaration {
  readonly kind: string;
  readonly jsDoc?: { readonly doc?: string };
  readonly def: Members & { readonly tsType?: Type };
}

const DEFAULT = /\s+@default \{(.*)\}$/;

/** The comments that stand in the source above interfaces and their properties, for the schemas of the same documents. */
export class DocumentComments {
  readonly #declarations: ReadonlyMap<string, Declaration>;
  /** Property names whose type says less than this other one. */
  readonly #better: Readonly<Record<string, string>>;

  private constructor(declarations: ReadonlyMap<string, Declaration>, better: Readonly<Record<string, string>>) {
    this.#declarations = declarations;
    this.#better = better;
  }

  /** Reads the comments of source files. */
  static async read(files: readonly string[], better: Readonly<Record<string, string>>): Promise<DocumentComments> {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", "--json", "--private", ...files],
      cwd: new URL("..", import.meta.url),
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
    const modules: { readonly symbols: readonly { name: string; declarations: Declaration[] }[] }[] = Object.values(
      nodes,
    );
    const found = modules.flatMap(({ symbols }) => symbols).flatMap(({ name, declarations }) =>
      declarations.filter(({ kind }) => kind === "interface" || kind === "typeAlias").map((it) => [name, it] as const)
    );
    return new DocumentComments(new Map(found), better);
  }

  /** Writes descriptions into the schema of a type, and of all that is in it. */
  describe(root: JsonSchema, typeName: string): void {
    const seen = new Set<JsonSchema>();
    const visit = (schema: JsonSchema | boolean | undefined, type: Type | undefined): void => {
      if (typeof schema !== "object" || type === undefined) return;
      if (type.kind === "parenthesized" || type.kind === "typeOperator") return visit(schema, inner(type));
      if (schema.$ref !== undefined) return visit(root.$defs?.[schema.$ref.slice("#/$defs/".length)], type);
      if (type.kind === "array") return visit(schema.items, type.value as Type);
      if (type.kind === "union") return visitAll(schema, type.value as readonly Type[]);
      if (type.kind === "typeLiteral") return visitMembers(schema, [type.value as Members]);
      if (type.kind !== "typeRef") return;
      const { typeName: name, typeParams = [] } = type.value as { typeName: string; typeParams?: readonly Type[] };
      if (name === "Partial") return visit(schema, typeParams[0]);
      const declaration = this.#declarations.get(name);
      if (declaration === undefined || seen.has(schema)) return;
      seen.add(schema);
      schema.description ??= declaration.jsDoc?.doc ?? "";
      if (declaration.kind === "typeAlias") visit(schema, declaration.def.tsType);
      else for (const it of schema.anyOf ?? [schema]) visitMembers(it, this.#membersOf(declaration));
    };
    const visitAll = (schema: JsonSchema, types: readonly Type[]): void => {
      if (schema.anyOf === undefined) return visit(schema, types.find(({ kind }) => kind === "typeRef"));
      const kinds = schema.anyOf.map((option) => types.find((type) => this.#isOfKind(type, option)));
      kinds.forEach((type, index) => visit(schema.anyOf?.[index], type));
    };
    const visitMembers = (schema: JsonSchema, all: readonly Members[]): void => {
      for (const { properties = [], indexSignatures = [] } of all) {
        for (const { name, jsDoc, tsType } of properties) {
          const property = schema.properties?.[name];
          if (property === undefined) continue;
          if (jsDoc?.doc !== undefined) property.description = jsDoc.doc.replace(DEFAULT, " Default: $1.");
          const better = this.#better[name];
          visit(property, better === undefined ? tsType : { kind: "typeRef", value: { typeName: better } });
        }
        visit(schema.additionalProperties, indexSignatures[0]?.tsType);
      }
    };
    visit(root, { kind: "typeRef", value: { typeName } });
  }

  #membersOf({ def }: Declaration): readonly Members[] {
    const bases = (def.extends ?? []).map((base) => this.#declarations.get(nameOf(base) ?? ""));
    return [def, ...bases.flatMap((base) => base === undefined ? [] : this.#membersOf(base))];
  }

  /** Documents of several kinds are told apart by the word under `kind`. */
  #isOfKind(type: Type, option: JsonSchema): boolean {
    const declaration = this.#declarations.get(nameOf(type) ?? "");
    const kind = declaration?.def.properties?.find(({ name }) => name === "kind")?.tsType;
    const word = (kind?.value as { string?: string } | undefined)?.string;
    return word !== undefined && option.properties?.["kind"]?.["const"] === word;
  }
}

function nameOf({ kind, value }: Type): string | undefined {
  return kind === "typeRef" ? (value as { typeName: string }).typeName : undefined;
}

function inner({ kind, value }: Type): Type {
  return kind === "typeOperator" ? (value as { tsType: Type }).tsType : value as Type;
}
