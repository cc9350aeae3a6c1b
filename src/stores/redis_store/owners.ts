import {
  addSurvivor,
  endLease,
  enterOwner,
  forgottenBy,
  leaveOwner,
  type OwnerState,
  renewOwner,
} from "../../ports/lease_kit.ts";
import type { EnterAnswer, EnterQuery, Incarnation, RenewAnswer } from "../../ports/store.ts";
import type { Script } from "./script.ts";
import { fromWire, itemsOf, numberOf, optional, optionalText, type Reply, toWire } from "./values.ts";

/** Lets an owner enter, and returns its incarnation; `undefined` when it is refused. */
export async function enter(script: Script, query: EnterQuery): Promise<EnterAnswer> {
  const { owner, again } = query;
  if (again !== undefined) await remember(script, again);
  // One that is not used in the end leaves a gap in the numbers, which does not matter.
  const next = numberOf(await script.run("incarnation", query.now));
  const { state, now } = await change(
    script,
    owner,
    query.now,
    (state, now) => enterOwner(state, { ...query, now }, () => next),
  );
  return { now, incarnation: state?.incarnation };
}

/** Renews the lease of an incarnation. */
export async function renew(
  script: Script,
  { owner, incarnation }: Incarnation,
  leaseMs: number,
  at: number,
): Promise<RenewAnswer> {
  let isHeld = false;
  const { now } = await change(script, owner, at, (state, now) => {
    const renewed = renewOwner(state, incarnation, leaseMs, now);
    isHeld = renewed !== undefined;
    return renewed ?? endLease(state, incarnation, now);
  });
  return { now, isHeld };
}

/** Ends the lease of an incarnation. */
export async function leave(script: Script, { owner, incarnation }: Incarnation): Promise<void> {
  await change(script, owner, 0, (state) => state && leaveOwner(state, incarnation));
}

/** Changes the state of an owner; of two changes at the same time, one is made anew. `undefined` changes nothing. */
async function change(
  script: Script,
  owner: string,
  at: number,
  make: (state: OwnerState | undefined, now: number) => OwnerState | undefined,
): Promise<{ readonly state: OwnerState | undefined; readonly now: number }> {
  for (;;) {
    const [time, reply] = itemsOf(await script.run("owner", at, toWire(owner)));
    const now = numberOf(time);
    const text = optionalText(reply);
    const state = text === undefined ? undefined : toState(text);
    const next = make(state, now);
    if (next === undefined || next === state) return { state: next, now };
    const latest = Math.max(...[next, ...next.former].map(({ until }) => until));
    const answer = await script.run(
      "set_owner",
      at,
      toWire(owner),
      ...optional(text),
      fromState(next),
      String(latest),
      String(forgottenBy(now)),
    );
    if (answer === "1") return { state: next, now };
  }
}

/** Texts only: the script, which ends leases itself, would change numbers that it writes anew. */
function fromState({ incarnation, until, token, former }: OwnerState): string {
  const others = former.map((it) => [String(it.incarnation), String(it.until)]);
  return JSON.stringify([String(incarnation), String(until), toWire(token), others]);
}

function toState(text: string): OwnerState {
  // The script writes an empty list as an empty object.
  const [incarnation, until, token, former]: readonly [string, string, string, Readonly<Record<number, Reply>>] = JSON
    .parse(text);
  return {
    incarnation: Number(incarnation),
    until: Number(until),
    token: fromWire(token),
    former: Object.values(former).map((it) => {
      const [incarnation, until] = itemsOf(it);
      return { incarnation: numberOf(incarnation), until: numberOf(until) };
    }),
  };
}

/** Remembers that an incarnation has survived. */
async function remember(script: Script, incarnation: number): Promise<void> {
  const survived = itemsOf(await script.run("survived", 0)).map(numberOf);
  const more = addSurvivor(survived, incarnation);
  if (more === survived) return;
  const most = more.length > survived.length ? 0 : more.length;
  await script.run("survive", 0, String(incarnation), String(most));
}
