import { describeValue } from "../base/path.ts";
import { isRecord } from "../values/json.ts";
import { deepEqual } from "./deep_equal.ts";
import { type Expression, parseExpression } from "./expression_parser.ts";

/** The values of the names in an expression. */
export type ExpressionScope = Readonly<Record<string, unknown>>;

/**
 * Compiles an expression such as `priority == "high" and value > config.threshold`. Only values of the scope
 * can be reached: no calls, no assignments, no inherited properties.
 *
 * @returns a function from a scope to the value of the expression
 * @throws {SyntaxError} naming the place, for a text that is no expression
 *
 * @example
 * ```ts
 * import { compileExpression } from "@routilux/routilux/routines";
 *
 * const isLarge = compileExpression("data.amount > 1000");
 * typeof isLarge; // "function"
 * ```
 */
export function compileExpression(text: string): (scope: ExpressionScope) => unknown {
  const expression = parseExpression(text);
  return (scope) => evaluate(expression, scope);
}

function evaluate(expression: Expression, scope: ExpressionScope): unknown {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "list":
      return expression.items.map((item) => evaluate(item, scope));
    case "name":
      return own(scope, expression.name);
    case "member":
      return own(evaluate(expression.object, scope), evaluate(expression.key, scope));
    case "not":
      return !isTrue(evaluate(expression.operand, scope));
    case "negative":
      return -number(evaluate(expression.operand, scope), "-");
    case "and":
      return isTrue(evaluate(expression.left, scope)) && isTrue(evaluate(expression.right, scope));
    case "or":
      return isTrue(evaluate(expression.left, scope)) || isTrue(evaluate(expression.right, scope));
    case "binary":
      return operate(expression.operator, evaluate(expression.left, scope), evaluate(expression.right, scope));
  }
}

function operate(operator: string, left: unknown, right: unknown): unknown {
  switch (operator) {
    case "==":
      return deepEqual(left, right);
    case "!=":
      return !deepEqual(left, right);
    case "in":
      return contains(right, left);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compare(operator, left, right);
    case "+":
      return typeof left === "string" && typeof right === "string"
        ? left + right
        : number(left, operator) + number(right, operator);
    case "-":
      return number(left, operator) - number(right, operator);
    case "*":
      return number(left, operator) * number(right, operator);
    case "/":
      return number(left, operator) / number(right, operator);
    default:
      return number(left, operator) % number(right, operator);
  }
}

/** Compares two numbers or two texts; other values have no order. */
function compare(operator: string, left: unknown, right: unknown): boolean {
  const areNumbers = typeof left === "number" && typeof right === "number";
  if (!areNumbers && !(typeof left === "string" && typeof right === "string")) return false;
  if (operator === "<") return left < right;
  if (operator === "<=") return left <= right;
  return operator === ">" ? left > right : left >= right;
}

function contains(container: unknown, item: unknown): boolean {
  if (Array.isArray(container)) return container.some((it) => deepEqual(it, item));
  if (typeof container === "string") return typeof item === "string" && container.includes(item);
  return isRecord(container) && typeof item === "string" && Object.hasOwn(container, item);
}

/** A value's own property; the length of texts and lists counts as one. */
function own(object: unknown, key: unknown): unknown {
  if (typeof key !== "string" && typeof key !== "number") return undefined;
  if (typeof object === "string") return key === "length" ? object.length : undefined;
  if (typeof object !== "object" || object === null || !Object.hasOwn(object, key)) return undefined;
  return object[key as keyof typeof object];
}

function number(value: unknown, operator: string): number {
  if (typeof value === "number") return value;
  throw new TypeError(`Cannot evaluate: "${operator}" needs numbers, and got ${describeValue(value)}`);
}

/** Whether a value counts as true, as in JavaScript. */
function isTrue(value: unknown): boolean {
  return Boolean(value);
}
