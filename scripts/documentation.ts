import { existsSync, readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import config from "../deno.json" with { type: "json" };
import { chooseAssertions } from "./assertions.ts";
import { resolve } from "../tests/house/rules.ts";
import { finish } from "./report.ts";

// What `deno doc --lint` does not ask of the public documentation: each entry says what it is, each class and function has an
// example, an error that is thrown on the spot is named by `@throws`, and no link of what is published leads out of it.

/** The parts of a symbol, as `deno doc --json` tells it, that are looked at here. */
interface Declaration {
  readonly kind: string;
  readonly location: { readonly filename: string };
  readonly jsDoc?: { readonly tags?: readonly { readonly kind: string }[] };
}
interface Module {
  readonly module_doc?: { readonly tags?: readonly { readonly kind: string }[] };
  readonly symbols: readonly { readonly name: string; readonly declarations: readonly Declaration[] }[];
}

/** What the checks of options throw, and that of a structure that is frozen. */
const CHECKS: ReadonlyMap<string, readonly string[]> = new Map(Object.entries({
  checkOptions: ["TypeError"],
  checkName: ["TypeError"],
  checkWord: ["TypeError"],
  checkInteger: ["RangeError"],
  checkRange: ["RangeError"],
  checkDuration: ["RangeError"],
  checkWait: ["TypeError", "RangeError"],
  checkOpen: ["StateError"],
  "#checkOpen": ["StateError"],
}));
const LINK = /\[[^\]]*\]\(([^)#\s]+)[^)]*\)/g;
const ROOT = new URL("../", import.meta.url);

const { flags } = await chooseAssertions();
const published = config.publish.include;
const read = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");
const guides = readdirSync("docs", { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`);
const complaints: string[] = [];
/** The names of the public classes and functions, by their files. */
const files = new Map<string, Set<string>>();

for (const path of Object.values(config.exports)) {
  for (const { module_doc: about, symbols } of await modulesOf(path)) {
    if (about?.tags?.some(({ kind }) => kind === "module") !== true) {
      complaints.push(`${path} has no comment with @module`);
    }
    for (const { name, declarations } of symbols) {
      for (const { kind, jsDoc, location: { filename } } of declarations) {
        if (kind !== "class" && kind !== "function") continue;
        const file = filename.slice(ROOT.href.length);
        files.set(file, (files.get(file) ?? new Set()).add(name));
        if (jsDoc?.tags?.some((tag) => tag.kind === "example") !== true) {
          complaints.push(`${kind} ${name} has no @example`);
        }
      }
    }
  }
}
for (const [path, names] of files) complaints.push(...silentThrows(path, names));
for (const path of [...published, ...guides].filter((it) => it.endsWith(".md"))) {
  complaints.push(...deadLinks(path));
}

for (const complaint of new Set(complaints)) console.log(complaint);
finish([{ passed: complaints.length === 0 ? 1 : 0, failed: complaints.length === 0 ? 0 : 1 }]);

async function modulesOf(path: string): Promise<readonly Module[]> {
  const args = ["doc", "--json", ...flags, path];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return Object.values(JSON.parse(new TextDecoder().decode(stdout)).nodes);
}

/** The functions, and the public methods of classes, that throw what they don't say. */
function silentThrows(path: string, names: ReadonlySet<string>): string[] {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
  return source.statements.flatMap((it) => {
    if (!names.has(nameOf(it))) return [];
    const calls = ts.isClassDeclaration(it) ? it.members.filter(isPublic) : [it];
    return calls.filter((call) => ts.isFunctionLike(call)).flatMap((call) => {
      const told = toldBy(call);
      const place = `${path}: ${nameOf(it)}${it === call ? "" : `.${nameOf(call)}`}`;
      // Words without a class, such as "the errors of `execute`", stand for any.
      return [...thrownIn(call)].filter((error) =>
        !told.some((text) => !text.startsWith("{") || text.startsWith(`{${error}}`))
      )
        .map((error) => `${place} throws a ${error}, and has no @throws for it`);
    });
  });
}

function isPublic(member: ts.ClassElement): boolean {
  const modifiers = ts.canHaveModifiers(member) ? ts.getModifiers(member) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) !== true &&
    (member.name === undefined || !ts.isPrivateIdentifier(member.name));
}

/** What the tags `@throws` say, those of overloads included. */
function toldBy(call: ts.Node): string[] {
  const twins = ts.isClassLike(call.parent) ? call.parent.members.filter((it) => nameOf(it) === nameOf(call)) : [call];
  return twins.flatMap((it) => ts.getJSDocTags(it)).filter((tag) => ts.isJSDocThrowsTag(tag))
    .map((tag) => tag.getText().replace(/^@throws\s+/, ""));
}

/** The classes of errors that are thrown here, by checks of options too; functions inside are left out. */
function thrownIn(node: ts.Node): Set<string> {
  const found = new Set<string>();
  const visit = (it: ts.Node): void => {
    if (ts.isFunctionLike(it)) return;
    if (ts.isThrowStatement(it) && ts.isNewExpression(it.expression)) found.add(it.expression.expression.getText());
    if (ts.isCallExpression(it)) CHECKS.get(calledBy(it))?.forEach((error) => found.add(error));
    ts.forEachChild(it, visit);
  };
  ts.forEachChild(node, visit);
  return found;
}

function calledBy({ expression }: ts.CallExpression): string {
  return ts.isPropertyAccessExpression(expression) ? expression.name.getText() : expression.getText();
}

function nameOf(node: ts.Node): string {
  return ts.isConstructorDeclaration(node) ? "constructor" : (node as ts.NamedDeclaration).name?.getText() ?? "";
}

function deadLinks(path: string): string[] {
  const links = Array.from(read(path).matchAll(LINK), ([, target = ""]) => target);
  return links.filter((it) => !/^[a-z]+:/.test(it) && !isPublished(resolve(path, it))).map((it) =>
    `${path} links to ${it}, which is not published`
  );
}

function isPublished(target: string): boolean {
  return existsSync(new URL(target, ROOT)) &&
    published.some((it) => it === target || (it.endsWith("/**") && `${target}/`.startsWith(it.slice(0, -2))));
}
