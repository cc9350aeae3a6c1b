import { describeError } from "../values/error_data.ts";
import type { PreflightFinding } from "../base/errors.ts";
import { listNames } from "../base/options.ts";
import { ItemPath, type Path, pathStep } from "../base/path.ts";
import { checkStrategy, type FlowGraph, leadsTo } from "../model/flow_graph.ts";
import { isFailureOrigin } from "../model/connection.ts";
import { takesFailuresOf } from "../model/failure_connection.ts";
import { Routine } from "../model/routine.ts";
import { versionOf } from "../model/routine_document.ts";
import type { Job } from "../job/job.ts";
import type { Task } from "../job/task.ts";

/**
 * Looks for everything that would keep a job from going on in a flow. Changes nothing and runs no code of the user's.
 */
export function preflight(job: Job, graph: FlowGraph): PreflightFinding[] {
  if (job.flowId !== graph.id) {
    const remedy = "use the flow that made this job, and make it with the same id in each process: new Flow({ id })";
    const message = `flow_id "${job.flowId}" does not match flow "${graph.id}"; ${remedy}`;
    return [{ code: "flow_mismatch", path: "flowId", message }];
  }
  const findings: PreflightFinding[] = [];
  const add = (code: string, path: string, message: string) => void findings.push({ code, path, message });
  checkSettings(job, graph, add);
  checkTasks(job, graph, add);
  checkArrivals(job, add);
  checkChildren(job, graph, add);
  checkSlots(job, graph, add);
  checkStates(job, graph, add);
  checkDeferred(job, graph, add);
  let known: string | undefined;
  for (const [name, path] of job.classes) {
    if (graph.registry.hasClass(name)) continue;
    known ??= listNames(new Set(graph.registry.names));
    add("unknown_class", path, `class '${name}' not found in registry; it knows ${known}`);
  }
  return findings;
}

type Add = (code: string, path: string, message: string) => void;

function checkSettings({ settings }: Job, graph: FlowGraph, add: Add): void {
  const { executionStrategy, maxWorkers } = settings;
  if (executionStrategy === undefined && maxWorkers === undefined) return;
  try {
    checkStrategy(executionStrategy ?? graph.executionStrategy, maxWorkers);
  } catch (error) {
    add("bad_settings", "maxWorkers", describeError(error).message);
  }
}

function checkTasks(job: Job, graph: FlowGraph, add: Add): void {
  const seen = new Set<number>();
  const check = (task: Task, path: Path) => {
    if (seen.has(task.id)) add("duplicate_id", `${path}.id`, `two tasks have the id ${task.id}`);
    seen.add(task.id);
    if (task.id >= job.nextTaskId) {
      add("id_out_of_range", `${path}.id`, `the id ${task.id} is not below nextTaskId, ${job.nextTaskId}`);
    }
    checkRoute(task, path, graph, add);
  };
  const path = new ItemPath("pendingTasks");
  for (const task of job.tasks) {
    check(task, path);
    path.index++;
  }
  job.failures.forEach(({ task }, at) => check(task, `failures[${at}].task`));
}

/** Refuses ids of early deliveries that no task has had: a task that is made later would be taken for one. */
function checkArrivals({ arrivals, nextTaskId }: Job, add: Add): void {
  arrivals?.forEach((slots, routine) =>
    slots.forEach((ids, slot) => {
      const id = ids.find((id) => id >= nextTaskId);
      const path = `arrivals${pathStep(routine)}${pathStep(slot)}`;
      if (id !== undefined) add("id_out_of_range", path, `the id ${id} is not below nextTaskId, ${nextTaskId}`);
    })
  );
}

function checkChildren({ children }: Job, graph: FlowGraph, add: Add): void {
  for (const { jobId, routine: id, to } of children ?? []) {
    const path = `children${pathStep(jobId)}`;
    const routine = graph.routines.get(id);
    if (routine === undefined) add("unknown_routine", `${path}.routine`, missingRoutine(id, graph));
    else if (to !== undefined && routine.getSlot(to) === undefined) {
      add("unknown_slot", `${path}.to`, `routine "${id}" has no slot "${to}"`);
    }
  }
}

function checkRoute({ route, details }: Task, path: Path, graph: FlowGraph, add: Add): void {
  const { routine: id, slot: name, connection } = route;
  const routine = graph.routines.get(id);
  if (routine === undefined) return add("unknown_routine", `${path}.routine`, missingRoutine(id, graph));
  const slot = routine.getSlot(name);
  if (slot === undefined) return add("unknown_slot", `${path}.slot`, `routine "${id}" has no slot "${name}"`);
  const { merged, awaiting } = details ?? {};
  const { onTimeout } = awaiting ?? {};
  if (onTimeout !== undefined && routine.getSlot(onTimeout) === undefined) {
    add("unknown_slot", `${path}.awaiting.onTimeout`, `routine "${id}" has no slot "${onTimeout}"`);
  }
  if (merged !== undefined && (merged.kind === "lists") !== (slot.merge === "append")) {
    add("merge_mismatch", `${path}.merged`, `slot "${name}" of routine "${id}" merges otherwise now`);
  }
  if (connection === undefined) return;
  if (isFailureOrigin(connection)) {
    const { routine: from, slot: failed } = connection;
    const isKnown = graph.failureConnections.some((it) =>
      takesFailuresOf(it, from, failed) && it.to.routine === id && it.to.slot === name
    );
    const message = `flow "${graph.id}" does not deliver failures of "${from}.${failed}" to "${id}.${name}"`;
    if (!isKnown) add("unknown_connection", `${path}.connection`, message);
    return;
  }
  const event = graph.routines.get(connection.routine)?.getEvent(connection.event);
  if (event === undefined || !leadsTo(graph, event, slot)) {
    const from = `${connection.routine}.${connection.event}`;
    add("unknown_connection", `${path}.connection`, `flow "${graph.id}" does not connect "${from}" to "${id}.${name}"`);
  }
}

function checkSlots(job: Job, graph: FlowGraph, add: Add): void {
  for (const [id, slots] of job.slots) {
    const routine = graph.routines.get(id);
    if (routine === undefined) {
      add("unknown_routine", `slots${pathStep(id)}`, missingRoutine(id, graph));
      continue;
    }
    for (const [name, data] of slots) {
      const path = `slots${pathStep(id)}${pathStep(name)}`;
      const slot = routine.getSlot(name);
      if (slot === undefined) add("unknown_slot", path, `routine "${id}" has no slot "${name}"`);
      else if ((data.kind === "lists") !== (slot.merge === "append")) {
        add("merge_mismatch", path, `slot "${name}" of routine "${id}" merges otherwise now`);
      }
    }
  }
}

function checkStates(job: Job, graph: FlowGraph, add: Add): void {
  for (const [id, { version, state }] of job.routineStates) {
    const path = `routineStates${pathStep(id)}`;
    const routine = graph.routines.get(id);
    if (routine === undefined) {
      add("unknown_routine", path, missingRoutine(id, graph));
      continue;
    }
    const present = versionOf(routine.constructor);
    if (version > present) {
      add("newer_version", `${path}.version`, `it was written by version ${version}, and version ${present} is here`);
    } else if (version < present && (state?.size ?? 0) > 0 && !hasOwnMigration(routine)) {
      add(
        "no_migration",
        `${path}.version`,
        `it was written by version ${version}, and the class of version ${present} has no static migrateState`,
      );
    }
  }
}

function hasOwnMigration(routine: Routine<object>): boolean {
  let Class: unknown = routine.constructor;
  while (typeof Class === "function" && Class !== Routine) {
    if (Object.hasOwn(Class, "migrateState")) return true;
    Class = Object.getPrototypeOf(Class);
  }
  return false;
}

function checkDeferred(job: Job, graph: FlowGraph, add: Add): void {
  job.deferredEvents.forEach(({ routine: id, event }, index) => {
    const path = `deferredEvents[${index}]`;
    const routine = graph.routines.get(id);
    if (routine === undefined) add("unknown_routine", `${path}.routine`, missingRoutine(id, graph));
    else if (routine.getEvent(event) === undefined) {
      add("unknown_event", `${path}.event`, `routine "${id}" has no event "${event}"`);
    }
  });
}

function missingRoutine(id: string, graph: FlowGraph): string {
  return `routine "${id}" not found in flow "${graph.id}"; it has ${listNames(graph.routines)}`;
}
