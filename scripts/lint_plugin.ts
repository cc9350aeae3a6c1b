// Portable sources take instants and ids from the ports `Timers` and `IdSource`. `Date` and `Math` belong to ECMAScript, so the
// check of types without a runtime (`tests/house/portable.json`) cannot refuse their hidden inputs: this rule does.

const PORTABLE = /[/\\]src[/\\](?!stores[/\\]|host[/\\])/;

const plugin: Deno.lint.Plugin = {
  name: "portable",
  rules: {
    "no-hidden-input": {
      create(context) {
        if (!PORTABLE.test(context.filename)) return {};
        const report = (node: Deno.lint.Node, what: string, port: string) =>
          context.report({ node, message: `${what} is a hidden input`, hint: `Ask the port \`${port}\`` });
        return {
          MemberExpression(node) {
            if (isMember(node, "Date", "now")) report(node, "Date.now", "Timers");
            if (isMember(node, "Math", "random")) report(node, "Math.random", "IdSource");
          },
          NewExpression(node) {
            if (isDate(node.callee) && node.arguments.length === 0) report(node, "new Date()", "Timers");
          },
          CallExpression(node) {
            if (isDate(node.callee)) report(node, "Date()", "Timers");
          },
        };
      },
    },
  },
};
export default plugin;

function isDate(node: Deno.lint.Node): boolean {
  return node.type === "Identifier" && node.name === "Date";
}

/** Says whether an expression is `object.property` or `object["property"]`. */
function isMember(node: Deno.lint.MemberExpression, object: string, property: string): boolean {
  if (node.object.type !== "Identifier" || node.object.name !== object) return false;
  if (!node.computed) return node.property.type === "Identifier" && node.property.name === property;
  return node.property.type === "Literal" && node.property.value === property;
}
