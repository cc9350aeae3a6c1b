// The functions of `src/host` as the check of the portable sources sees them: portable sources may call them, but their own
// sources name a clock and timers.

import type { IdSource } from "../../src/ports/ids.ts";
import type { Timers } from "../../src/ports/timers.ts";

export declare function immediately(callback: () => void): void;
export declare function webIds(): IdSource;
export declare function webTimers(): Timers;
