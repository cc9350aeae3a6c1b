import { Routine } from "../../mod.ts";

/** A routine whose slots and events have other names in another version. */
export class RenamedRoutine extends Routine {
  /** The name that a slot or an event has, by that of the first version. */
  wordFor(name: string): string {
    return name;
  }
}

/** The name in the other version. */
export function anew(name: string): string {
  return `${name} anew`;
}
