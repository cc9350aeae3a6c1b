import { type AdoptOptions, resolveMoves } from "../../adoption.ts";
import type { FormerNamesDocument, JobDocument } from "../../documents/job.ts";
import type { RoutineMoves } from "../../documents/moved_routines.ts";
import type { Flow } from "../../flow.ts";
import type { ConnectionTarget } from "../../model/connection.ts";
import type { Slot } from "../../model/slot.ts";
import { isRecord } from "../../values/json.ts";
import type { AdoptionChoice } from "../../work_options.ts";
import type { FleetSettings } from "./fleet_options.ts";

/** The keys of a job's document below which a name means nothing of its flow: data of users, and what belongs to the flow of a child. */
const OTHERS: ReadonlySet<string> = new Set(
  ["checkpoint", "data", "entry", "error", "job", "merged", "progress", "result", "sharedData", "state"],
);
/** The keys under which a name of a slot stands, beside the id of its routine, or within what has that. */
const SLOT_KEYS: ReadonlySet<string> = new Set(["slot", "to", "onTimeout"]);
/** The keys below which parts stand by the ids of routines; and those of them where slots follow. */
const BY_ROUTINE: ReadonlySet<string> = new Set(["arrivals", "routineStates", "slots"]);
const BY_SLOT: ReadonlySet<string> = new Set(["arrivals", "slots"]);

/**
 * The names of the routines, slots and events of a flow in its next version. What moves jobs is judged by these, so that it has no code in
 * common with them.
 */
export class NextNames {
  /** How a job is moved to that version. */
  readonly options: AdoptOptions;
  readonly #version: number;
  readonly #moves: RoutineMoves;
  /** The former ids of routines, and, by these, the former names of slots. */
  readonly #ids: ReadonlyMap<string, string>;
  readonly #slots: ReadonlyMap<string, ReadonlyMap<string, string>>;

  /**
   * Reads the names that have changed.
   *
   * @throws {TypeError} for names that the next version does not have, and for routines that go
   */
  constructor(action: string, next: Flow, former: Flow, choose: AdoptionChoice = () => ({})) {
    this.options = choose({ jobId: "", flowId: former.id, flowVersion: former.version });
    this.#version = next.version;
    this.#moves = resolveMoves(`${action}: onChange`, next, this.options);
    if (this.#moves.dropped.size > 0) {
      throw new TypeError(
        `${action}: onChange must not drop routines, as a job ends alike in all versions of its flow`,
      );
    }
    this.#ids = inverted(this.#moves.renamed);
    this.#slots = new Map(Array.from(this.#moves.slots, ([id, names]) => [id, inverted(names)]));
  }

  /** A slot by its names in a version of the flow, given by those of the first one. */
  in<T extends ConnectionTarget>(version: number, target: T): T {
    if (version < this.#version) return target;
    return { ...target, routine: this.#idOf(target.routine), slot: this.#slotOf(target.routine, target.slot) };
  }

  /** A slot by its names in the first version, given by those of a version; one that was sent by the former names has these. */
  formerOf<T extends ConnectionTarget>(version: number, target: T): T {
    if (version < this.#version) return target;
    const routine = this.#ids.get(target.routine) ?? target.routine;
    return { ...target, routine, slot: this.#slots.get(routine)?.get(target.slot) ?? target.slot };
  }

  /** The document of a job of the first version as it must be in a version. */
  documentIn(version: number, document: JobDocument): unknown {
    if (version < this.#version) return document;
    const former = this.#formerNames();
    return { ...this.#part(document), ...(former === undefined ? {} : { formerNames: [former] }) };
  }

  #formerNames(): FormerNamesDocument | undefined {
    const { renamed, slots } = this.#moves;
    if (renamed.size + slots.size === 0) return undefined;
    return {
      ...(renamed.size === 0 ? {} : { routines: Object.fromEntries(renamed) }),
      ...(slots.size === 0
        ? {}
        : { slots: Object.fromEntries(Array.from(slots, ([id, names]) => [id, Object.fromEntries(names)])) }),
    };
  }

  #idOf(id: string): string {
    return this.#moves.renamed.get(id) ?? id;
  }

  #slotOf(id: string, slot: string): string {
    return this.#moves.slots.get(id)?.get(slot) ?? slot;
  }

  /** A part of a document; `routine` is the one that it belongs to, where that is known. */
  #part(part: object, outer = ""): object {
    const routine = "routine" in part ? String(part.routine) : outer;
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, this.#value(key, value, routine)]));
  }

  #value(key: string, value: unknown, routine: string): unknown {
    if (OTHERS.has(key)) return value;
    if (typeof value === "string") {
      if (key === "routine") return this.#idOf(value);
      if (key === "event") return this.#moves.events.get(routine)?.get(value) ?? value;
      return SLOT_KEYS.has(key) ? this.#slotOf(routine, value) : value;
    }
    if (Array.isArray(value)) return value.map((it) => isRecord(it) ? this.#part(it, routine) : it);
    if (!isRecord(value)) return value;
    if (!BY_ROUTINE.has(key)) return this.#part(value, routine);
    return Object.fromEntries(
      Object.entries(value).map(([id, held]) => [this.#idOf(id), BY_SLOT.has(key) ? this.#bySlot(id, held) : held]),
    );
  }

  #bySlot(id: string, held: unknown): unknown {
    if (!isRecord(held)) return held;
    return Object.fromEntries(Object.entries(held).map(([slot, part]) => [this.#slotOf(id, slot), part]));
  }
}

function inverted(names: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(Array.from(names, ([from, to]) => [to, from]));
}

/** The names of the next versions of flows, by the ids of these: others have no next version. */
export type NamesOfVersions = ReadonlyMap<string, NextNames>;

/**
 * Reads the names of all versions of a fleet.
 *
 * @throws {TypeError} as `NextNames`
 */
export function namesOfVersions(
  action: string,
  { jobs, versions, onChange }: Pick<FleetSettings, "jobs" | "versions" | "onChange">,
): NamesOfVersions {
  return new Map(versions.flatMap((next) => {
    const former = jobs.find(({ flow }) => flow.id === next.id)?.flow;
    return former === undefined ? [] : [[next.id, new NextNames(action, next, former, onChange)]];
  }));
}

/** A slot by its names in a flow of either version, given by those of the first one. */
export function slotIn({ id, version }: Flow, slot: ConnectionTarget, names: NamesOfVersions): ConnectionTarget {
  return names.get(id)?.in(version, slot) ?? slot;
}

/** The same slot as the one where a job begins. */
export function entryIn(flow: Flow, entry: ConnectionTarget, names: NamesOfVersions): Slot<never> {
  const { routine, slot } = slotIn(flow, entry, names);
  return flow.slot(routine, slot);
}
