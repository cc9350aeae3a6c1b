import type { Routine } from "../../mod.ts";
import { Asks, Escalates } from "./fleet_asks.ts";
import { Leads, Rushes } from "./fleet_families.ts";
import { anew } from "./renamed_routine.ts";

class AsksAnew extends Asks {
  override wordFor(name: string): string {
    return anew(name);
  }
}
class EscalatesAnew extends Escalates {
  override wordFor(name: string): string {
    return anew(name);
  }
}
class LeadsAnew extends Leads {
  override wordFor(name: string): string {
    return anew(name);
  }
}
class RushesAnew extends Rushes {
  override wordFor(name: string): string {
    return anew(name);
  }
}

/** The classes of versions in which slots and events have other names. */
export const RENAMED_CLASSES: Readonly<Record<string, new () => Routine<object>>> = {
  AsksAnew,
  EscalatesAnew,
  LeadsAnew,
  RushesAnew,
};
