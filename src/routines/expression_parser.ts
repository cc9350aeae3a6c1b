import { shorten } from "../base/text.ts";

/** How much of an expression a message shows. */
const MOST_CHARACTERS = 200;

/** A parsed expression. */
export type Expression =
  | { readonly kind: "literal"; readonly value: unknown }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "member"; readonly object: Expression; readonly key: Expression }
  | { readonly kind: "not" | "negative"; readonly operand: Expression }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression };

interface Token {
  readonly kind: "number" | "string" | "name" | "symbol" | "end";
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([\p{ID_Start}$_][\p{ID_Continue}$]*)|(===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!()[\].,]))/uy;
const KINDS = ["number", "string", "name", "symbol"] as const;
const LITERALS: ReadonlyMap<string, unknown> = new Map<string, unknown>([["true", true], ["false", false], [
  "null",
  null,
]]);
/** Operators that are words; they cannot be names. */
const WORDS: ReadonlySet<string> = new Set(["and", "or", "not", "in"]);
const COMPARISONS: ReadonlyMap<string, string> = new Map(
  ["==", "!=", "<", "<=", ">", ">=", "in"].map((it): [string, string] => [it, it]).concat([["===", "=="], [
    "!==",
    "!=",
  ]]),
);
/** How deep parentheses and brackets may be nested: deeper ones are a mistake, or an attack on the stack. */
const MOST_DEPTH = 50;
const MOST_LENGTH = 2_000;

/**
 * Parses an expression: `or`, `and`, `not` (also as symbols), comparisons, `in`, arithmetic, names, members, literals,
 * lists.
 *
 * @throws {SyntaxError} naming the place
 */
export function parseExpression(text: string): Expression {
  if (text.length > MOST_LENGTH) {
    throw new SyntaxError(`Cannot parse an expression of more than ${MOST_LENGTH} characters`);
  }
  return new Parser(text).run();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  run(): Expression {
    const expression = this.#or();
    if (this.#next.kind !== "end") this.#fail("expected an operator or the end");
    return expression;
  }

  get #next(): Token {
    return this.#tokens[this.#position] ?? { kind: "end", text: "", at: this.#text.length };
  }

  #or(): Expression {
    if (++this.#depth > MOST_DEPTH) this.#fail(`nested deeper than ${MOST_DEPTH}`);
    let left = this.#and();
    while (this.#take("or", "||")) left = { kind: "or", left, right: this.#and() };
    this.#depth--;
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#take("and", "&&")) left = { kind: "and", left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    let negations = 0;
    while (this.#take("not", "!")) negations++;
    const operand = this.#comparison();
    if (negations === 0) return operand;
    const not: Expression = { kind: "not", operand };
    return negations % 2 === 1 ? not : { kind: "not", operand: not };
  }

  #comparison(): Expression {
    const left = this.#sum();
    const isNegated = this.#next.text === "not" && this.#tokens[this.#position + 1]?.text === "in";
    if (isNegated) this.#position++;
    const operator = this.#next.kind === "string" ? undefined : COMPARISONS.get(this.#next.text);
    if (operator === undefined) return left;
    this.#position++;
    const comparison: Expression = { kind: "binary", operator, left, right: this.#sum() };
    return isNegated ? { kind: "not", operand: comparison } : comparison;
  }

  #sum(): Expression {
    let left = this.#product();
    for (let operator = this.#take("+", "-"); operator !== undefined; operator = this.#take("+", "-")) {
      left = { kind: "binary", operator, left, right: this.#product() };
    }
    return left;
  }

  #product(): Expression {
    let left = this.#unary();
    for (let operator = this.#take("*", "/", "%"); operator !== undefined; operator = this.#take("*", "/", "%")) {
      left = { kind: "binary", operator, left, right: this.#unary() };
    }
    return left;
  }

  #unary(): Expression {
    return this.#take("-") ? { kind: "negative", operand: this.#members() } : this.#members();
  }

  #members(): Expression {
    let object = this.#primary();
    for (;;) {
      if (this.#take(".")) object = { kind: "member", object, key: { kind: "literal", value: this.#name() } };
      else if (this.#take("[")) {
        object = { kind: "member", object, key: this.#or() };
        this.#expect("]");
      } else if (this.#next.text === "(" && this.#next.kind === "symbol") this.#fail("calls are not allowed");
      else return object;
    }
  }

  #primary(): Expression {
    const { kind, text } = this.#next;
    this.#position++;
    if (kind === "number") return { kind: "literal", value: Number(text) };
    if (kind === "string") return { kind: "literal", value: unquote(text) };
    if (kind === "name" && !WORDS.has(text)) {
      return LITERALS.has(text) ? { kind: "literal", value: LITERALS.get(text) } : { kind: "name", name: text };
    }
    if (kind === "symbol" && text === "(") {
      const inner = this.#or();
      this.#expect(")");
      return inner;
    }
    if (kind === "symbol" && text === "[") return { kind: "list", items: this.#items() };
    this.#position--;
    return this.#fail("expected a value");
  }

  #items(): Expression[] {
    const items: Expression[] = [];
    while (!this.#take("]")) {
      items.push(this.#or());
      if (!this.#take(",")) {
        this.#expect("]");
        break;
      }
    }
    return items;
  }

  #name(): string {
    const { kind, text } = this.#next;
    if (kind !== "name") this.#fail("expected a name");
    this.#position++;
    return text;
  }

  #take(...texts: readonly string[]): string | undefined {
    const { kind, text } = this.#next;
    if (kind === "string" || !texts.includes(text)) return undefined;
    this.#position++;
    return text;
  }

  #expect(text: string): void {
    if (this.#take(text) === undefined) this.#fail(`expected "${text}"`);
  }

  #fail(reason: string): never {
    throw new SyntaxError(
      `Cannot parse expression ${
        JSON.stringify(shorten(this.#text, MOST_CHARACTERS))
      }: ${reason} at position ${this.#next.at}`,
    );
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (let at = skipSpace(text, end); at < text.length; at = skipSpace(text, end)) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) {
      throw new SyntaxError(`Cannot parse expression ${JSON.stringify(text)}: unexpected character at position ${at}`);
    }
    const group = KINDS.findIndex((_, index) => match[index + 1] !== undefined);
    // Unreachable default: each way to match is one of these kinds.
    tokens.push({ kind: KINDS[group] ?? "end", text: match[0], at });
    end = TOKEN.lastIndex;
  }
  return tokens;
}

function skipSpace(text: string, from: number): number {
  return text.length - text.slice(from).trimStart().length;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([["n", "\n"], ["t", "\t"], ["r", "\r"]]);

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/gs, (_, escaped: string) => ESCAPES.get(escaped) ?? escaped);
}
