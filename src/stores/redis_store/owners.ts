import { forgottenBy, type OwnerState } from "../../ports/lease_kit.ts";
import { enterIn, leaveIn, type OwnerReading, type OwnerTable, renewIn } from "../../ports/owner_kit.ts";
import type { EnterAnswer, EnterQuery, Incarnation, RenewAnswer } from "../../ports/store.ts";
import type { Script } from "./script.ts";
import { fromWire, itemsOf, numberOf, optional, optionalText, type Reply, toWire } from "./values.ts";

/** Lets an owner enter, and returns its incarnation; `undefined` when it is refused. */
export function enter(script: Script, query: EnterQuery): Promise<EnterAnswer> {
  return enterIn(ownersOf(script), query);
}

/** Renews the lease of an incarnation. */
export function renew(script: Script, owner: Incarnation, leaseMs: number, at: number): Promise<RenewAnswer> {
  return renewIn(ownersOf(script), owner, leaseMs, at);
}

/** Ends the lease of an incarnation. */
export function leave(script: Script, owner: Incarnation): Promise<void> {
  return leaveIn(ownersOf(script), owner);
}

/** The owners of a store; a version is the text of a state. */
function ownersOf(script: Script): OwnerTable<string | undefined> {
  return {
    read: (owner, at) => read(script, owner, at),
    set: (owner, state, { version, now }, at) => set(script, owner, state, version, now, at),
    nextIncarnation: async (at) => numberOf(await script.run("incarnation", at)),
    survived: async () => itemsOf(await script.run("survived", 0)).map(numberOf),
    survive: async (incarnation, all, areTooMany) =>
      void await script.run("survive", 0, String(incarnation), String(areTooMany ? all.length : 0)),
  };
}

async function read(script: Script, owner: string, at: number): Promise<OwnerReading<string | undefined>> {
  const [time, reply] = itemsOf(await script.run("owner", at, toWire(owner)));
  const text = optionalText(reply);
  return { state: text === undefined ? undefined : toState(text), now: numberOf(time), version: text };
}

async function set(
  script: Script,
  owner: string,
  state: OwnerState,
  version: string | undefined,
  now: number,
  at: number,
): Promise<boolean> {
  const latest = Math.max(...[state, ...state.former].map(({ until }) => until));
  const texts = [fromState(state), String(latest), String(forgottenBy(now))];
  return await script.run("set_owner", at, toWire(owner), ...optional(version), ...texts) === "1";
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
