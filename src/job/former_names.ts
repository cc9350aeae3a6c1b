/** The names that routines and slots had before a job was moved to another version of its flow. */
export interface FormerNames {
  /** The ids of routines since then, by those of before. */
  readonly routines: Map<string, string>;
  /** The names of slots since then by those of before, by the ids that their routines had before. */
  readonly slots: Map<string, Map<string, string>>;
}

/** A slot of a routine, by their names. */
interface Target {
  readonly routine: string;
  readonly slot: string;
}

/** A slot by the names that it has since a job was moved. */
export function renameTarget({ routine, slot }: Target, { routines, slots }: FormerNames): Target {
  return { routine: routines.get(routine) ?? routine, slot: slots.get(routine)?.get(slot) ?? slot };
}

/** The slot that a delivery is for, which may have been sent before a job was moved: one that is there is meant as it is named. */
export function presentTarget(
  target: Target,
  former: readonly FormerNames[] | undefined,
  isThere: (target: Target) => boolean,
): Target {
  return isThere(target) ? target : former?.reduce(renameTarget, target) ?? target;
}
