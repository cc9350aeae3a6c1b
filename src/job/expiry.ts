import { type Payload, unseenPayload } from "../values/payload.ts";
import type { Route, Task } from "./task.ts";

/** What becomes of an awaited delivery that has not come in time: its task goes to another slot of its routine. */
export interface Expiry {
  /** Where the task goes. */
  readonly route: Route;
  /** What that slot is told: the slot that has waited, and for how long. */
  readonly data: Payload;
}

/** What becomes of an awaited delivery at its deadline; `undefined` when it ends with an error then. */
export function expiryOf({ details, route: { routine, slot } }: Task): Expiry | undefined {
  const { onTimeout, timeoutMs } = details?.awaiting ?? {};
  if (onTimeout === undefined || timeoutMs === undefined) return undefined;
  return { route: { routine, slot: onTimeout, connection: undefined }, data: unseenPayload({ slot, timeoutMs }) };
}
