// Keeps the pure floors free of every runtime, of the clock, of chance, of timers and of printing: those come in through
// ports. Names are judged without their scope, so a local variable must not be called like a thing of a runtime either.

const PURE = /[/\\]src[/\\](?:base|values|model|ports|job|documents|engine)[/\\]/;

const RUNTIMES = [
  "Deno",
  "Bun",
  "process",
  "globalThis",
  "window",
  "global",
  "require",
  "Buffer",
  "navigator",
  "fetch",
];
const TIMERS = ["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate"];
const NAMES: Readonly<Record<string, ReadonlySet<string>>> = {
  runtime: new Set(RUNTIMES),
  clock: new Set(["performance"]),
  chance: new Set(["crypto"]),
  timers: new Set([...TIMERS, "queueMicrotask", "requestAnimationFrame"]),
  console: new Set(["console"]),
};
const MODULES = /^(?:node|bun|deno|cloudflare|https?):|^bun$/;

/** What to write instead. */
const HINTS: Readonly<Record<string, string>> = {
  runtime: "A pure floor runs in every runtime: put this into an adapter, behind a port",
  clock: "A pure floor has no clock: take the instant as an argument, or ask the port `Timers`",
  chance: "A pure floor knows no chance: ask the port `IdSource`",
  timers: "A pure floor sets no timers: ask the port `Timers`",
  console: "The library never prints: throw an error, or tell the observer",
};

/** A rule that only looks at the pure floors. */
function rule(
  kind: string,
  visit: (context: Deno.lint.RuleContext, report: Report) => Deno.lint.LintVisitor,
): Deno.lint.Rule {
  return {
    create(context) {
      if (!PURE.test(context.filename)) return {};
      const report: Report = (node, what) =>
        context.report({ node, message: `${what} in a pure floor`, hint: HINTS[kind] ?? "" });
      const names = NAMES[kind] ?? new Set();
      return {
        Identifier(node) {
          if (names.has(node.name) && !isLabel(node)) report(node, node.name);
        },
        ...visit(context, report),
      };
    },
  };
}

type Report = (node: Deno.lint.Node, what: string) => void;

/** Says whether a name only labels something: a property, a key, a member, the other side of an import. */
function isLabel(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.property === node && !parent.computed;
    case "Property":
      return parent.key === node && !parent.computed;
    case "PropertyDefinition":
    case "MethodDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
    case "TSAbstractMethodDefinition":
    case "TSAbstractPropertyDefinition":
      return parent.key === node && !parent.computed;
    case "TSQualifiedName":
      return parent.right === node;
    case "ImportSpecifier":
      return parent.imported === node && parent.local.name !== node.name;
    case "ExportSpecifier":
      return parent.exported === node && parent.local !== node;
    default:
      return false;
  }
}

/** Says whether an expression is `object.property`, however it is written. */
function isMember(node: Deno.lint.MemberExpression, object: string, property: string): boolean {
  if (node.object.type !== "Identifier" || node.object.name !== object) return false;
  if (!node.computed) return node.property.type === "Identifier" && node.property.name === property;
  return node.property.type === "Literal" && node.property.value === property;
}

const isDate = (node: Deno.lint.Node): boolean => node.type === "Identifier" && node.name === "Date";

const plugin: Deno.lint.Plugin = {
  name: "pure-floors",
  rules: {
    "no-runtime": rule("runtime", (_context, report) => {
      const check = (source: Deno.lint.Node | null) => {
        if (source?.type === "Literal" && typeof source.value === "string" && MODULES.test(source.value)) {
          report(source, `The module ${JSON.stringify(source.value)}`);
        }
      };
      return {
        ImportDeclaration: ({ source }) => check(source),
        ExportNamedDeclaration: ({ source }) => check(source),
        ExportAllDeclaration: ({ source }) => check(source),
        ImportExpression: ({ source }) => check(source),
      };
    }),
    "no-clock": rule("clock", (_context, report) => ({
      MemberExpression(node) {
        if (isMember(node, "Date", "now")) report(node, "Date.now");
      },
      NewExpression(node) {
        if (isDate(node.callee) && node.arguments.length === 0) report(node, "new Date()");
      },
      CallExpression(node) {
        if (isDate(node.callee)) report(node, "Date()");
      },
    })),
    "no-chance": rule("chance", (_context, report) => ({
      MemberExpression(node) {
        if (isMember(node, "Math", "random")) report(node, "Math.random");
      },
    })),
    "no-timers": rule("timers", () => ({})),
    "no-console": rule("console", () => ({})),
  },
};
export default plugin;
