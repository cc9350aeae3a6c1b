import { isRecord, type JsonObject } from "../values/json.ts";
import { checkName, checkWord } from "../base/options.ts";
import { describeValue } from "../base/path.ts";
import type { Context } from "../model/context.ts";
import type { Event } from "../model/event.ts";
import { Routine } from "../model/routine.ts";
import type { Slot } from "../model/slot.ts";
import { synchronous } from "./checks.ts";
import { deepEqual } from "./deep_equal.ts";
import { compileExpression, type ExpressionScope } from "./expression.ts";

/** The condition of a route: the values that the data must have, an expression that must hold, or a function that decides. */
export type RouteCondition<T> = JsonObject | string | ((data: T, config: ExpressionScope) => boolean);

/** A route in the config of a `ConditionalRouter`: it has one of `equals`, `expression` and `function`. */
export interface RouteConfig {
  /** The event that is emitted. */
  readonly event: string;
  /** The values that the data must have. */
  readonly equals?: JsonObject;
  /** The expression that must hold. */
  readonly expression?: string;
  /** The role of the function that decides. */
  readonly function?: string;
}

/** The settings of a `ConditionalRouter`. Expressions and functions can read further keys. */
export interface ConditionalRouterConfig {
  /** The routes, in the order in which they are tried. */
  routes?: readonly RouteConfig[];
  /** The event for data that fits no route. */
  defaultRoute?: string;
  /** Whether only the first fitting route gets the data, or every fitting route. @default {"first"} */
  mode?: "first" | "all";
  /** A value that conditions can read as `config.…`. */
  [key: string]: unknown;
}

/**
 * Sends data on by one of several events. A condition is an object whose values the data must have, an expression over the
 * data's keys (and over `data` and `config`), or a function, which travels by name.
 *
 * @example
 * ```ts
 * import { Flow } from "@routilux/routilux";
 * import { ConditionalRouter } from "@routilux/routilux/routines";
 *
 * const flow = new Flow({ id: "orders" });
 * const router = flow.addRoutine(new ConditionalRouter<{ priority: string; value: number }>(), "router");
 * const urgent = router.addRoute("urgent", { priority: "high" });
 * const large = router.addRoute("large", "value > config.threshold");
 * const rest = router.setDefaultRoute("rest");
 * router.setConfig({ threshold: 100 });
 * ```
 */
export class ConditionalRouter<T extends object = Record<string, unknown>> extends Routine<ConditionalRouterConfig> {
  /** Takes the data. */
  readonly input: Slot<T> = this.addSlot<T>("input", this.route);
  readonly #programs: Map<string, (scope: ExpressionScope) => unknown> = new Map();

  /**
   * Adds a route, and its event unless the routine has an event of that name.
   *
   * @param event the name of the event that sends fitting data
   * @param condition decides whether data fits the route
   * @returns the event, to be connected
   * @throws {SyntaxError} for an expression that cannot be parsed, naming the place
   * @throws {TypeError} for a condition of another kind
   */
  addRoute(event: string, condition: RouteCondition<T>): Event<T> {
    checkName("Cannot add route", "event", event);
    const routes = this.getConfig("routes", []);
    const route = describeRoute(event, condition, routes.length);
    this.setConfig({ routes: [...routes, route] });
    if (typeof condition === "function" && route.function !== undefined) this.setFunction(route.function, condition);
    return this.#eventOf(event);
  }

  /** Sets the event for data that fits no route, and adds it unless the routine has an event of that name. */
  setDefaultRoute(event: string): Event<T> {
    const declared = this.#eventOf(event);
    this.setConfig({ defaultRoute: event });
    return declared;
  }

  /**
   * Sets whether only the first fitting route gets the data, or every fitting route.
   *
   * @throws {TypeError} for an unknown mode
   */
  setMode(mode: "first" | "all"): this {
    return this.setConfig({ mode: checkWord("Cannot set mode", "mode", mode, ["first", "all"]) });
  }

  /** The handler of `input`. */
  route(data: T, ctx: Context): void {
    const config = this.getConfig();
    const fitting = (config.routes ?? []).filter((route) => this.#fits(route, data, config));
    const taken = config.mode === "all" ? fitting : fitting.slice(0, 1);
    for (const { event } of taken) ctx.emit(event, data);
    if (taken.length === 0 && config.defaultRoute !== undefined) ctx.emit(config.defaultRoute, data);
  }

  #eventOf(name: string): Event<T> {
    return this.getEvent(name) as Event<T> | undefined ?? this.addEvent<T>(name);
  }

  #fits(route: RouteConfig, data: T, config: ExpressionScope): boolean {
    const values: ExpressionScope = isRecord(data) ? data : {};
    const { equals, expression } = route;
    if (equals !== undefined) {
      return Object.keys(equals).every((key) => Object.hasOwn(values, key) && deepEqual(values[key], equals[key]));
    }
    if (expression !== undefined) return Boolean(this.#program(expression)({ ...values, data, config }));
    const decide = this.getFunction(route.function ?? "");
    if (decide === undefined) throw new TypeError(`Cannot route: the route to "${route.event}" has no condition`);
    const subject = `Cannot route: the condition of the route to "${route.event}"`;
    return Boolean(synchronous(Reflect.apply(decide, this, [data, config]), subject));
  }

  #program(expression: string): (scope: ExpressionScope) => unknown {
    const program = this.#programs.get(expression) ?? compileExpression(expression);
    this.#programs.set(expression, program);
    return program;
  }
}

function describeRoute<T>(event: string, condition: RouteCondition<T>, index: number): RouteConfig {
  if (typeof condition === "string") {
    compileExpression(condition);
    return { event, expression: condition };
  }
  if (typeof condition === "function") return { event, function: `route ${index}` };
  if (isRecord(condition)) return { event, equals: condition };
  const got = describeValue(condition);
  throw new TypeError(
    `Cannot add route "${event}": the condition must be an object, an expression or a function, got ${got}`,
  );
}
