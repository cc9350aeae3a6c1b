import { type AdoptionChoice, Flow } from "../../mod.ts";
import type { FlowDocument } from "../../src/documents/flow_schema.ts";
import type { FleetJob } from "../../src/testing/fleet/fleet_options.ts";
import { FLEET_JOBS, renamedRegistry } from "./fleet_jobs.ts";
import { RENAMED_CLASSES } from "./renamed_classes.ts";
import { anew } from "./renamed_routine.ts";

// Versions of the flows of fleets in which routines, slots and events have other names.

type Names = Record<string, string>;

/** A version in which names have changed, and how. */
interface RenamedVersion {
  readonly next: Flow;
  readonly options: ReturnType<AdoptionChoice>;
}

/**
 * The new ids of routines. Those to which nothing comes from outside take each other's: a job that is moved by half, or twice, has others then.
 * A routine keeps its id where that stands in data: whose failures are delivered, or whose error says which slot was told too late.
 */
function newIds({ routines, failureConnections = [] }: FlowDocument, deliveries: FleetJob["deliveries"] = []): Names {
  const fails = (id: string) => failureConnections.some(({ from }) => from.routine === id);
  const ids = Object.keys(routines).filter((id) => !fails(id) && routines[id]?.type !== "AsksBriefly");
  const isTold = deliveries.some(({ childFlow }) => childFlow === undefined);
  return Object.fromEntries(
    ids.map((id, i) => [id, isTold || ids.length === 1 ? anew(id) : ids[(i + 1) % ids.length] ?? id]),
  );
}

function renamedKeys<T>(parts: { readonly [name: string]: T }, names: Names = {}): { [name: string]: T } {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [names[name] ?? name, part]));
}

/** The names of slots or events that are others now, by the ids of the routines of which another class has them. */
function newNames({ routines }: FlowDocument, part: "slots" | "events"): Record<string, Names> {
  const entries = Object.entries(routines).filter(([, { type }]) => `${type}Anew` in RENAMED_CLASSES);
  return Object.fromEntries(entries.map(([id, routine]) => {
    const names = Object.keys(routine[part]).filter((name) => name !== "trigger");
    return [id, Object.fromEntries(names.map((name) => [name, anew(name)]))];
  }));
}

function renamed({ flow, deliveries }: FleetJob): RenamedVersion {
  const document = flow.toJSON();
  const rename = newIds(document, deliveries);
  const [renameSlots, renameEvents] = [newNames(document, "slots"), newNames(document, "events")];
  const idOf = (id: string): string => rename[id] ?? id;
  const place = <T extends { readonly routine: string; readonly slot?: string }>(it: T): T => ({
    ...it,
    routine: idOf(it.routine),
    ...(it.slot === undefined ? {} : { slot: renameSlots[it.routine]?.[it.slot] ?? it.slot }),
  });
  const next = {
    ...document,
    flowVersion: 2,
    routines: Object.fromEntries(
      Object.entries(document.routines).map(([id, { type, slots, events, ...rest }]) => {
        const anewType = `${type}Anew` in RENAMED_CLASSES ? `${type}Anew` : type;
        const parts = { slots: renamedKeys(slots, renameSlots[id]), events: renamedKeys(events, renameEvents[id]) };
        return [idOf(id), { ...rest, ...parts, type: anewType }];
      }),
    ),
    connections: document.connections.map(({ from, to, ...rest }) => {
      const event = renameEvents[from.routine]?.[from.event] ?? from.event;
      return { ...rest, from: { event, routine: idOf(from.routine) }, to: place(to) };
    }),
    failureConnections: document.failureConnections?.map(({ from, to, ...rest }) => {
      return { ...rest, from: place(from), to: place(to) };
    }),
  };
  const text = JSON.stringify(next);
  return { next: Flow.fromJSON(JSON.parse(text), renamedRegistry), options: { rename, renameSlots, renameEvents } };
}

const VERSIONS: ReadonlyMap<string, RenamedVersion> = new Map(FLEET_JOBS.map((job) => [job.flow.id, renamed(job)]));

/** The version of a flow in which names have changed. */
export function renamedVersionOf(flowId: string): Flow | undefined {
  return VERSIONS.get(flowId)?.next;
}

/** How names have changed in those versions. */
export const onChange: AdoptionChoice = ({ flowId }) => VERSIONS.get(flowId)?.options ?? {};
