import { TOKEN_HEADER } from "./access.ts";
import { ANSWERS, SCHEMAS } from "./api_schemas.ts";
import type { ApiRoute, Operation, Parameter, Route } from "./route.ts";

/** Describes the routes of the API in OpenAPI 3.1. */
export function describeApi(routes: readonly ApiRoute[], basePath: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, needs, operation, path } of routes) {
    const methods = paths[path] ??= {};
    methods[method.toLowerCase()] = describeOperation(operation, needs);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "routilux studio",
      version: "1",
      description:
        "Looks into the jobs of a store, and steers them. Acts need a token: GET /api/token gives one, with a cookie; " +
        `an act names it in the header ${TOKEN_HEADER}, and sends the cookie back.`,
    },
    servers: [{ url: basePath === "" ? "/" : basePath }],
    paths,
    components: { schemas: SCHEMAS },
  };
}

function describeOperation(
  { about, answer, body, id, parameters = [], schema = { type: "string" }, status, type = "application/json" }:
    Operation,
  needs: Route["needs"],
): object {
  const tokens = needs === "read" ? [] : [{
    name: TOKEN_HEADER,
    in: "header",
    required: true,
    description: "The token that GET /api/token gives",
    schema: { type: "string" },
  }];
  const content = { [type]: { schema } };
  return {
    operationId: id,
    summary: about,
    parameters: [...parameters.map(describeParameter), ...tokens],
    ...(body === undefined ? {} : { requestBody: { content: { "application/json": { schema: body } } } }),
    responses: {
      [status]: { description: answer, content },
      default: {
        description: "What is wrong, in plain words",
        content: { "application/json": { schema: ANSWERS.error } },
      },
    },
  };
}

function describeParameter({ about, isRequired, name, schema }: Parameter): object {
  return { name, in: "query", required: isRequired === true, description: about, schema };
}
