import { listNames, quote } from "../../base/options.ts";
import { describeValue } from "../../base/path.ts";
import type { EncodeSubject } from "../../values/refusal.ts";
import {
  type ConnectionSource,
  type ConnectionTarget,
  isFailureOrigin,
  type KeyMapping,
  type TaskSource,
} from "../../model/connection.ts";
import { type FailureConnection, takesFailuresOf } from "../../model/failure_connection.ts";
import { ErrorHandler } from "../../model/error_handler.ts";
import type { Event } from "../../model/event.ts";
import { type FlowGraph, timerConnectionsOf } from "../../model/flow_graph.ts";
import { declarationOf, type Routine } from "../../model/routine.ts";
import { versionOf } from "../../model/routine_document.ts";
import type { AnyHandler, Slot } from "../../model/slot.ts";
import { Emissions, type EventRoute, type EventSource } from "../../job/emissions.ts";
import type { TaskStart } from "../../job/history.ts";
import type { DeferredEvent, Job } from "../../job/job.ts";
import type { Instant, Route } from "../../job/task.ts";
import { keyFrom } from "../../job/task_key.ts";

/** A route that holds its slot, so that taking a task needs no search. */
class PlannedRoute implements EventRoute {
  readonly routine: string;
  readonly slot: string;
  readonly connection: TaskSource | undefined;
  readonly mapping: KeyMapping | undefined;
  readonly target: SlotPlan;

  constructor(target: SlotPlan, connection: TaskSource | undefined, mapping: KeyMapping) {
    this.routine = target.routine.id;
    this.slot = target.slot.name;
    this.connection = connection;
    this.mapping = Object.keys(mapping).length === 0 ? undefined : mapping;
    this.target = target;
    target.isMapped ||= this.mapping !== undefined;
    Object.freeze(this);
  }
}

/**
 * A slot as the engine runs it. The fields that each activation needs are copied here for cache locality: with thousands of
 * routines, each further object on the path to them is a cache miss.
 */
export class SlotPlan {
  /** The slot. */
  readonly slot: Slot<never>;
  /** Its routine. */
  readonly routine: RoutinePlan;
  /** The routine's object: `this` of the handler. */
  readonly owner: Routine<object>;
  /** The handler; a slot without one only merges. */
  readonly handler: AnyHandler | undefined;
  /** The version of the routine's class. */
  readonly version: number;
  /** The routine's first event: most have no other. */
  readonly firstEvent: EventPlan | undefined;
  /** Whether a delivery takes a merge commit before its handler runs: also where a schema changes it, or no handler follows. */
  readonly merges: boolean;
  /** The route of entries and of deliveries from outside. */
  readonly route: Route;
  /** The routes of the events that are connected to it. */
  readonly arrivals: Map<EventPlan, EventRoute> = new Map();
  /** Whether keys are renamed on a route to it. */
  isMapped = false;
  /** Where failures of its tasks are delivered; `undefined` for most. */
  failureRoutes: FailureRoute[] | undefined;
  #lastStart: TaskStart | undefined;

  /** Plans a slot. */
  constructor(slot: Slot<never>, routine: RoutinePlan) {
    this.slot = slot;
    this.routine = routine;
    this.owner = routine.routine;
    this.handler = slot.handler;
    this.version = routine.version;
    [this.firstEvent] = routine.eventList;
    this.merges = slot.merge !== "override" || slot.schema !== undefined || slot.handler === undefined;
    this.route = new PlannedRoute(this, undefined, {});
  }

  /** The start record of a task. Tasks of one moment share one object: the history keeps one for every task. */
  startAt(time: Instant): TaskStart {
    const last = this.#lastStart;
    if (last !== undefined && last.time.at === time.at) return last;
    return this.#lastStart = { routine: this.routine.id, time };
  }
}

/** Where failures of a slot's tasks are delivered. */
export interface FailureRoute {
  /** The route to the slot that gets them. */
  readonly route: EventRoute;
  /** Which errors are delivered, by name or code; `undefined` for all. */
  readonly errors: readonly (string | number)[] | undefined;
}

/** A routine as the engine runs it. */
export interface RoutinePlan {
  /** Its id in the flow. */
  readonly id: string;
  /** The object. */
  readonly routine: Routine<object>;
  /** What happens when one of its handlers throws. */
  readonly errorHandler: ErrorHandler;
  /** The version of its class. */
  readonly version: number;
  /** The most of its handlers that may wait at once in a concurrent job; `Infinity` for no limit. */
  readonly concurrency: number;
  /** Its slots by name. */
  readonly slots: ReadonlyMap<string, SlotPlan>;
  /** Its events by name. */
  readonly events: ReadonlyMap<string, EventPlan>;
  /** Its events, to be found by their objects. */
  readonly eventList: readonly EventPlan[];
}

/** An event as the engine sends it. */
export interface EventPlan extends EventSource {
  /** Every slot that gets it, in the order of connection. */
  readonly routes: EventRoute[];
  /** Its only route, if that renames nothing; `undefined` when the event has several routes or one with a mapping. */
  only: EventRoute | undefined;
  /** How the event was declared. */
  readonly declared: Event<unknown>;
  /** The schema of its data, if it has one. */
  readonly schema: Event<unknown>["schema"];
  /** How an error names an emission that is refused. */
  readonly emission: EncodeSubject;
}

/** A flow as the engine runs it: made once, when the flow is frozen. */
export interface Plan {
  /** The flow. */
  readonly graph: FlowGraph;
  /** Its routines by id. */
  readonly routines: ReadonlyMap<string, RoutinePlan>;
}

/** The error handler of routines without one: the job fails. */
export const STOP: ErrorHandler = new ErrorHandler();

/** Makes the plan of a frozen flow. */
export function createPlan(graph: FlowGraph): Plan {
  const routines = new Map<string, RoutinePlan>();
  for (const [id, routine] of graph.routines) routines.set(id, planRoutine(id, routine, graph));
  const plan = { graph, routines };
  for (const { from, to, mapping } of [...graph.connections, ...timerConnectionsOf(graph)]) {
    const source = eventOf(plan, from);
    const target = findSlot(plan, to);
    const route = new PlannedRoute(target, from, mapping);
    source.routes.push(route);
    source.only = source.routes.length === 1 && route.mapping === undefined ? route : undefined;
    target.arrivals.set(source, route);
  }
  for (const connection of graph.failureConnections) planFailures(plan, connection);
  return plan;
}

function planFailures(plan: Plan, connection: FailureConnection): void {
  const { from: { routine }, to, errors, mapping } = connection;
  const target = findSlot(plan, to);
  // Unreachable default: the flow has the routines that it connects.
  for (const [name, slot] of plan.routines.get(routine)?.slots ?? []) {
    if (!takesFailuresOf(connection, routine, name)) continue;
    const route = new PlannedRoute(target, { routine, slot: name }, mapping);
    (slot.failureRoutes ??= []).push({ route, errors });
  }
}

function planRoutine(id: string, routine: Routine<object>, graph: FlowGraph): RoutinePlan {
  const declaration = declarationOf(routine);
  const slots = new Map<string, SlotPlan>();
  const events = new Map<string, EventPlan>();
  const eventList: EventPlan[] = [];
  const plan: RoutinePlan = {
    id,
    routine,
    errorHandler: declaration.errorHandler ?? graph.errorHandler ?? STOP,
    version: versionOf(routine.constructor),
    concurrency: declaration.concurrency ?? Infinity,
    slots,
    events,
    eventList,
  };
  for (const [event, declared] of declaration.events) {
    const emission = { action: `Cannot emit "${event}" of routine "${id}"`, root: "data" };
    const planned = { routine: id, event, declared, schema: declared.schema, routes: [], only: undefined, emission };
    events.set(event, planned);
    eventList.push(planned);
  }
  for (const [name, slot] of declaration.slots) slots.set(name, new SlotPlan(slot, plan));
  return plan;
}

/** The event of a slot's routine, by its object or its name; `undefined` for an event of another routine. */
export function findEvent({ firstEvent, routine }: SlotPlan, event: Event<unknown> | string): EventPlan | undefined {
  return firstEvent?.declared === event ? firstEvent : findOther(routine, event);
}

/** Why a handler cannot emit or defer an event: it is none, or none of its routine. `name` is that of the event, if it is one. */
export function unknownEvent(
  { routine: { id, events } }: SlotPlan,
  what: string,
  event: unknown,
  name: string | undefined,
): TypeError {
  const names = listNames(events);
  if (name === undefined) {
    return new TypeError(
      `Cannot ${what}: expected an event of routine "${id}" or its name, got ${describeValue(event)}; it has ${names}`,
    );
  }
  return new TypeError(
    typeof event === "string"
      ? `Cannot ${what} ${quote(name)}: routine "${id}" has no such event; it has ${names}`
      : `Cannot ${what} "${name}" in routine "${id}": the event belongs to another routine; ${what} one of its own: ${names}`,
  );
}

function findOther({ events, eventList }: RoutinePlan, event: Event<unknown> | string): EventPlan | undefined {
  return typeof event === "string" ? events.get(event) : eventList.find(({ declared }) => declared === event);
}

/** The slot of a task's route. The preflight has checked that the flow has it. */
export function slotOf(plan: Plan, route: ConnectionTarget): SlotPlan {
  return route instanceof PlannedRoute ? route.target : findSlot(plan, route);
}

function findSlot(plan: Plan, route: ConnectionTarget): SlotPlan {
  const slot = plan.routines.get(route.routine)?.slots.get(route.slot);
  // Jobs have passed the preflight, but another version of their flow may ask to deliver to a slot that only that one has.
  if (slot === undefined) {
    throw new TypeError(`Flow "${plan.graph.id}" has no slot "${route.slot}" of routine "${route.routine}"`);
  }
  return slot;
}

/** How a task's route renamed keys, if it did. */
export function mappingOf(route: Route): KeyMapping | undefined {
  // Unreachable default: tasks that run have the routes of the plan.
  return route instanceof PlannedRoute ? route.mapping : undefined;
}

/** An event of the flow. The preflight has checked that the flow has it. */
function eventOf(plan: Plan, { routine, event }: ConnectionSource): EventPlan {
  const found = plan.routines.get(routine)?.events.get(event);
  // Unreachable: see above.
  if (found === undefined) {
    throw new TypeError(`Flow "${plan.graph.id}" has no event "${event}" of routine "${routine}"`);
  }
  return found;
}

/** Gives the tasks of a job the routes of a flow's plan: tasks of one route share one object. */
export function bindRoutes(job: Job, plan: Plan): void {
  for (const task of job.tasks) task.route = bindRoute(task.route, plan);
  for (const { task } of job.failures) task.route = bindRoute(task.route, plan);
}

/** The route of a flow's plan that goes as another does: of a document, or of another flow object of the same id. */
export function bindRoute(route: Route, plan: Plan): Route {
  const { connection } = route;
  const target = findSlot(plan, route);
  if (connection === undefined) return target.route;
  if (isFailureOrigin(connection)) {
    const routes = findSlot(plan, connection).failureRoutes;
    // Unreachable default: the preflight has checked that they are connected.
    return routes?.find(({ route: { routine, slot } }) => routine === route.routine && slot === route.slot)?.route ??
      route;
  }
  // Unreachable default: the preflight has checked that they are connected.
  return target.arrivals.get(eventOf(plan, connection)) ?? route;
}

/** The emissions of deferred events. */
export function emissionsOf(plan: Plan, deferred: readonly DeferredEvent[]): Emissions {
  const emissions = new Emissions();
  for (const { routine, event, data, key } of deferred) {
    const first = emissions.tasks.length;
    emissions.add(eventOf(plan, { routine, event }), data);
    emissions.tasks.slice(first).forEach((task, i) => task.key = keyFrom(key, 0, i));
  }
  return emissions;
}
