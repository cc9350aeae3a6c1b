import type { StudioAccess } from "./access.ts";
import type { Fields } from "./body.ts";
import type { QueryReader } from "./queries.ts";
import type { StudioHost } from "./studio_host.ts";

/** A JSON Schema. */
export type JsonSchema = { readonly [key: string]: unknown };

/** A parameter of an operation, in the address. */
export interface Parameter {
  readonly name: string;
  readonly about: string;
  readonly schema: JsonSchema;
  readonly isRequired?: true;
}

/** What the description of the API says of a route. */
export interface Operation {
  /** Its name, for programs that are generated from the description. */
  readonly id: string;
  /** What it does, in a line. */
  readonly about: string;
  readonly parameters?: readonly Parameter[];
  /** The schema of the body, for those that take one. */
  readonly body?: JsonSchema;
  /** The status of the answer that says yes. */
  readonly status: number;
  /** What the answer is. */
  readonly answer: string;
  /** The answer's type, where it is not JSON. */
  readonly type?: string;
  /** The schema of an answer in JSON. */
  readonly schema?: JsonSchema;
}

/** One call of a route. */
export interface Call {
  readonly host: StudioHost;
  readonly request: Request;
  readonly url: URL;
  readonly query: QueryReader;
  /** What the sender may do. */
  readonly access: StudioAccess;
  /** The token of the sender's browser: the forms of pages have it. */
  readonly token: string;
  /** The description of the API. */
  readonly description: object;
  /** The fields of its form, if it has one. */
  readonly fields: Fields;
  /** The address of a place in the studio. */
  readonly link: (path: string, params?: Readonly<Record<string, string | number | undefined>>) => string;
}

/** What the studio answers to a method and a path. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** The path below the studio's own. */
  readonly path: string;
  /** What the sender must be allowed to. */
  readonly needs: "read" | "act";
  readonly answer: (call: Call) => Promise<Response>;
  /** Whether its body is a form: then the token stands in it. */
  readonly isForm?: true;
}

/** What the API answers. */
export interface ApiRoute extends Route {
  /** Its part in the description of the API. */
  readonly operation: Operation;
}
