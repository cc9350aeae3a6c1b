import ts from "typescript";

// Makes mutants of a source: programs with one small defect each, which tests should notice.

/** A defect at one place of a source. */
export interface Mutant {
  /**
   * The function, the code that is changed, and what is put in its place, in one line. The key does not depend on the file's
   * name, on formatting or on comments. Equal changes of equal code in one function are numbered.
   */
  readonly key: string;
  /** The line of the change, from 1. */
  readonly line: number;
  /** The source with the defect. */
  readonly text: string;
}

/** A node that is changed, and the code that is put in its place; both are program text. */
interface Change {
  readonly node: ts.Node;
  readonly replacement: string;
}

const SWAPPED: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.AmpersandAmpersandToken, "||"],
  [ts.SyntaxKind.BarBarToken, "&&"],
  [ts.SyntaxKind.LessThanToken, "<="],
  [ts.SyntaxKind.LessThanEqualsToken, "<"],
  [ts.SyntaxKind.GreaterThanToken, ">="],
  [ts.SyntaxKind.GreaterThanEqualsToken, ">"],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, "==="],
  [ts.SyntaxKind.MinusToken, "+"],
  [ts.SyntaxKind.PlusEqualsToken, "-="],
  [ts.SyntaxKind.MinusEqualsToken, "+="],
]);
const UNREACHABLE = /\/\/ Unreachable\b/;
/** Longer code is cut in keys, and a number that stands for all of it added. */
const LONGEST_CODE = 100;

const printer = ts.createPrinter({ removeComments: true });

/** All mutants of a source, in the order of their places. Code that is marked as unreachable has none. */
export function mutantsOf(text: string): Mutant[] {
  const source = ts.createSourceFile("source.ts", text, ts.ScriptTarget.ESNext, true);
  const lines = text.split("\n");
  const counts = new Map<string, number>();
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    for (const { node: changed, replacement } of changesOf(node)) {
      const [start, end] = [changed.getStart(source), changed.getEnd()];
      const { line } = source.getLineAndCharacterOfPosition(start);
      if (UNREACHABLE.test(lines[line] ?? "") || UNREACHABLE.test(lines[line - 1] ?? "")) continue;
      const name = `${functionOf(changed)}: ${codeOf(changed, source)} → ${shorten(oneLine(replacement)) || "nothing"}`;
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      mutants.push({
        key: count === 1 ? name : `${name} (${count})`,
        line: line + 1,
        text: text.slice(0, start) + replacement + text.slice(end),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

/** Chooses some mutants by a seed. A mutant is chosen by its key, so that changes elsewhere leave the choice as it is. */
export function sample(mutants: readonly Mutant[], most: number, seed: number): Mutant[] {
  const ranks = new Map(mutants.map((mutant) => [mutant, hash(`${seed} ${mutant.key}`)]));
  const chosen = new Set(mutants.toSorted((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0)).slice(0, most));
  return mutants.filter((mutant) => chosen.has(mutant));
}

function changesOf(node: ts.Node): Change[] {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node)) return [negate(node.expression)];
  if (ts.isConditionalExpression(node)) return [negate(node.condition)];
  if (ts.isBinaryExpression(node)) return changesOfBinary(node);
  if (ts.isExpressionStatement(node)) return isSuperCall(node.expression) ? [] : [{ node, replacement: ";" }];
  if (ts.isThrowStatement(node) || ts.isBreakStatement(node) || ts.isContinueStatement(node)) {
    return ts.isCaseClause(node.parent) ? [] : [{ node, replacement: ";" }];
  }
  if (ts.isReturnStatement(node)) return isGuarded(node) ? [{ node, replacement: ";" }] : [];
  if (ts.isNumericLiteral(node)) return [{ node, replacement: String(Number(node.text.replaceAll("_", "")) + 1) }];
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [{ node, replacement: "false" }];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [{ node, replacement: "true" }];
  if (ts.isBlock(node) && ts.isFunctionLike(node.parent) && node.statements.length > 1) {
    return [{ node, replacement: "{ return; }" }];
  }
  return [];
}

function changesOfBinary(node: ts.BinaryExpression): Change[] {
  if (node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) {
    return [{ node, replacement: node.left.getText() }];
  }
  const operator = SWAPPED.get(node.operatorToken.kind);
  // The negation of a whole condition is a mutant already.
  if (operator === undefined || operator.endsWith("==") && isCondition(node)) return [];
  return [{ node, replacement: `${node.left.getText()} ${operator} ${node.right.getText()}` }];
}

function negate(node: ts.Expression): Change {
  return { node, replacement: `!(${node.getText()})` };
}

function isCondition(node: ts.Expression): boolean {
  const { parent } = node;
  return (ts.isIfStatement(parent) || ts.isWhileStatement(parent)) && parent.expression === node ||
    ts.isConditionalExpression(parent) && parent.condition === node;
}

/** Whether a return ends a function early: it is what an `if` does. */
function isGuarded(node: ts.ReturnStatement): boolean {
  const { parent } = node;
  return ts.isIfStatement(parent) || ts.isBlock(parent) && ts.isIfStatement(parent.parent);
}

function isSuperCall(node: ts.Expression): boolean {
  return ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword;
}

/** The name of the innermost function with a name, with its class. */
function functionOf(node: ts.Node): string {
  for (let at: ts.Node | undefined = node; at !== undefined; at = at.parent) {
    if (ts.isConstructorDeclaration(at)) return `${className(at)}constructor`;
    if (isNamed(at) && at.name !== undefined) return `${className(at)}${at.name.getText()}`;
  }
  return "module";
}

function isNamed(node: ts.Node): node is ts.Node & { readonly name?: ts.Node } {
  return ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isVariableDeclaration(node) && node.initializer !== undefined && ts.isFunctionLike(node.initializer);
}

function className({ parent }: ts.Node): string {
  return ts.isClassLike(parent) ? `${parent.name?.text ?? "class"}.` : "";
}

function codeOf(node: ts.Node, source: ts.SourceFile): string {
  return shorten(oneLine(printer.printNode(ts.EmitHint.Unspecified, node, source)));
}

function oneLine(code: string): string {
  return code === ";" ? "" : code.trim().replaceAll(/\s+/g, " ");
}

function shorten(code: string): string {
  return code.length <= LONGEST_CODE ? code : `${code.slice(0, LONGEST_CODE)}… ${hash(code).toString(36)}`;
}

/** FNV-1a over the UTF-16 units of a text. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}
