import { permit, type QueueState } from "../../ports/permit_kit.ts";
import type { PermitAnswer, PermitQuery } from "../../ports/store.ts";
import type { Notices } from "./notices.ts";
import type { Script } from "./script.ts";
import { itemsOf, numberOf, optional, optionalNumber, optionalText, toWire } from "./values.ts";

/** Gives permits for jobs of a queue; of two calls at the same time, one is made anew. */
export async function permitIn(script: Script, notices: Notices, query: PermitQuery): Promise<PermitAnswer> {
  const { incarnation, queue, now: at } = query;
  // The script finds the owners by their names in the state.
  const owner = toWire(query.owner);
  for (;;) {
    const reply = await script.run("queue", at, toWire(queue), owner, String(incarnation));
    const [time, mayAsk, text, leases] = itemsOf(reply);
    const now = numberOf(time);
    if (mayAsk !== "1") return { now, granted: 0, freeAt: undefined };
    const packed = optionalText(text);
    const before: QueueState | undefined = packed === undefined ? undefined : JSON.parse(packed);
    const ends = new Map(itemsOf(leases).map((it, index) => [before?.holders[index]?.incarnation, optionalNumber(it)]));
    const { state, granted, freeAt, isFreed } = permit(
      before,
      { ...query, owner },
      now,
      (it) => ends.get(it.incarnation),
    );
    const answer = { now, granted, freeAt: freeAt && script.toCaller(freeAt, now, at) };
    if (state === before) return answer;
    const next = JSON.stringify(state);
    const [isSet, event] = itemsOf(
      await script.run("set_queue", at, toWire(queue), ...optional(packed), toWire(next), isFreed ? "1" : "0"),
    );
    notices.tell(event);
    if (isSet === "1") return answer;
  }
}
