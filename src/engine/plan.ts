import type { ConnectionSource, Mapping } from "../model/connection.ts";
import { ErrorHandler } from "../model/error_handler.ts";
import type { Event } from "../model/event.ts";
import type { FlowGraph } from "../model/flow_graph.ts";
import { declarationOf, type Routine } from "../model/routine.ts";
import { versionOf } from "../model/routine_document.ts";
import type { Slot } from "../model/slot.ts";
import type { Emission, EventRoute } from "../scheduler/decide.ts";
import type { DeferredEvent, Job } from "../scheduler/job.ts";
import type { Route } from "../scheduler/task.ts";

/** A slot as the engine runs it. */
export interface SlotPlan {
  /** The slot. */
  readonly slot: Slot<never>;
  /** Its routine. */
  readonly routine: RoutinePlan;
  /** Whether what it merges is settled once per task, by a commit of its own. */
  readonly merges: boolean;
  /** The way of entries and of deliveries from outside. */
  readonly route: Route;
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
  /** Its slots by name. */
  readonly slots: ReadonlyMap<string, SlotPlan>;
  /** Its events by name. */
  readonly events: ReadonlyMap<string, EventPlan>;
}

/** An event as the engine sends it. */
export interface EventPlan {
  /** The event. */
  readonly event: Event<unknown>;
  /** Every slot that gets it, in the order of connection. */
  readonly routes: readonly EventRoute[];
}

/** A flow as the engine runs it: made once, when the flow is frozen. */
export interface Plan {
  /** The flow. */
  readonly graph: FlowGraph;
  /** Its routines by id. */
  readonly routines: ReadonlyMap<string, RoutinePlan>;
}

const STOP = new ErrorHandler();

/** Makes the plan of a frozen flow. */
export function createPlan(graph: FlowGraph): Plan {
  const routes = new Map<Event<unknown>, EventRoute[]>();
  for (const { event, slot, from, to, mapping } of [...graph.connections, ...graph.timerConnections]) {
    const route: Route = Object.freeze({ routine: to.routine, slot: slot.name, connection: from });
    const list = routes.get(event) ?? [];
    routes.set(event, list);
    list.push({ route, mapping: Object.keys(mapping).length === 0 ? undefined : mapping });
  }
  const routines = new Map<string, RoutinePlan>();
  for (const [id, routine] of graph.routines) routines.set(id, planRoutine(id, routine, graph, routes));
  return { graph, routines };
}

function planRoutine(
  id: string,
  routine: Routine<object>,
  graph: FlowGraph,
  routes: ReadonlyMap<Event<unknown>, readonly EventRoute[]>,
): RoutinePlan {
  const declaration = declarationOf(routine);
  const slots = new Map<string, SlotPlan>();
  const events = new Map<string, EventPlan>();
  const plan: RoutinePlan = {
    id,
    routine,
    errorHandler: declaration.errorHandler ?? graph.errorHandler ?? STOP,
    version: versionOf(routine.constructor),
    slots,
    events,
  };
  for (const [name, slot] of declaration.slots) {
    const merges = slot.merge !== "override" || slot.schema !== undefined || slot.handler === undefined;
    const route: Route = Object.freeze({ routine: id, slot: name, connection: undefined });
    slots.set(name, { slot, routine: plan, merges, route });
  }
  for (const [name, event] of declaration.events) events.set(name, { event, routes: routes.get(event) ?? [] });
  return plan;
}

/** The slot that a task of the job goes to. The preflight has seen to it that there is one. */
export function slotOf(plan: Plan, route: Route): SlotPlan {
  const slot = plan.routines.get(route.routine)?.slots.get(route.slot);
  if (slot === undefined) {
    throw new TypeError(`Flow "${plan.graph.id}" has no slot "${route.slot}" of routine "${route.routine}"`);
  }
  return slot;
}

/** How keys were renamed on a task's way, where they were. */
export function mappingOf(plan: Plan, route: Route): Mapping | undefined {
  const { connection } = route;
  return connection === undefined ? undefined : findRoute(plan, connection, route)?.mapping;
}

function findRoute(plan: Plan, { routine, event }: ConnectionSource, to: Route): EventRoute | undefined {
  return plan.routines.get(routine)?.events.get(event)?.routes
    .find(({ route }) => route === to || (route.routine === to.routine && route.slot === to.slot));
}

/** Gives the tasks of a restored job the routes of the plan, so that all tasks of one way share one object. */
export function bindRoutes(job: Job, plan: Plan): void {
  for (const task of job.tasks) {
    const { connection } = task.route;
    const bound = connection === undefined
      ? slotOf(plan, task.route).route
      : findRoute(plan, connection, task.route)?.route;
    if (bound !== undefined) task.route = bound;
  }
}

/** What deferred events come to when they are sent. */
export function emissionsOf(plan: Plan, deferred: readonly DeferredEvent[]): Emission[] {
  return deferred.map(({ routine, event, data }) => {
    const routes = plan.routines.get(routine)?.events.get(event)?.routes ?? [];
    return { routine, event, routes, data, delayMs: 0, priority: "normal" };
  });
}
