import { isRecord } from "../../src/values/json.ts";
import { isThenable } from "../../src/base/thenable.ts";
import type { Store } from "../../src/ports/mod.ts";
import { FleetViolation } from "../../src/testing/fleet/fleet_violation.ts";
import { PICKY_FAILURE, SOON_MS } from "./fleet_specials.ts";
import { wrapStore } from "./wrapped_store.ts";

/**
 * A store that judges what is kept of each failure of `Picky`: it is tried again as its `retryIf` says, whichever process it fails in.
 *
 * @throws {FleetViolation} by `append`, when another answer was kept
 */
export function judgedRetries(store: Store): Store {
  return {
    ...wrapStore(store, (call) => call),
    append: (claim, expectedRevision, entries, head) => {
      const judge = <A>(answer: A): A => {
        if (answer !== "unread") { for (const text of entries) judgeEntry(claim.jobId, JSON.parse(text)); }
        return answer;
      };
      const answer = store.append(claim, expectedRevision, entries, head);
      return isThenable(answer) ? answer.then(judge) : judge(answer);
    },
  };
}

function judgeEntry(jobId: string, { kind, at, error, verdict }: Record<string, unknown>): void {
  const message = isRecord(error) ? String(error["message"]) : "";
  if (kind !== "failure" || !message.startsWith(PICKY_FAILURE) || !isRecord(verdict)) return;
  const tries = Number(message.slice(PICKY_FAILURE.length));
  const { retry } = verdict;
  const again = isRecord(retry) ? retry : undefined;
  const delayMs = again && Date.parse(String(again["notBefore"])) - Date.parse(String(at));
  const isRight = tries > 1
    ? again === undefined
    : again?.["attempt"] === tries + 1 && (tries > 0 || delayMs === SOON_MS);
  if (isRight) return;
  const why = `try ${tries} of a routine of ${jobId} has failed, and what follows is ${JSON.stringify(verdict)}`;
  throw new FleetViolation("lost or doubled", why);
}
