import { adoptedSomewhere } from "./adopt_anywhere.ts";
import { nothingIsDoubled, nothingIsLost } from "./delivery_laws.ts";
import { crashedEverywhere, crashedSomewhere } from "./crash_anywhere.ts";
import { familyStoppedSomewhere } from "./family_law.ts";
import type { Law } from "./law.ts";
import { stoppedEverywhere, stoppedSomewhere } from "./pause_anywhere.ts";
import { documentsComeBack, valuesComeBack } from "./round_trip.ts";

/** All laws. */
export const LAWS: readonly Law[] = [
  nothingIsLost(),
  nothingIsDoubled(),
  stoppedSomewhere("strict"),
  stoppedEverywhere(),
  stoppedSomewhere("timed"),
  stoppedSomewhere("concurrent"),
  familyStoppedSomewhere(),
  documentsComeBack(),
  valuesComeBack(),
  crashedSomewhere(),
  crashedEverywhere(),
  adoptedSomewhere(),
];
