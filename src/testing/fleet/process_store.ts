import type { MaybePromise, Store, StoreEvent } from "../../ports/store.ts";
import type { ProcessClock } from "./fleet_clock.ts";
import { heldUntil } from "./fleet_focus.ts";
import type { FleetStage } from "./fleet_stage.ts";
import type { KeptClaims } from "./kept_claims.ts";
import { FleetViolation } from "./fleet_violation.ts";
import { type Ask, distantStore, type StoreCall, type StoreMethod } from "./store_calls.ts";
import { chain, watchedStore } from "./watched_store.ts";

/** How long a call takes of a store that answers at once, in milliseconds. */
const CALL_MS = 1;
/** How long a process may work at most until its event loop turns, in milliseconds. */
const LONGEST_TURN_MS = 100;

/** The store as a process sees it: the schedule decides when it carries out calls, and when answers arrive. */
export function openProcessStore(
  stage: FleetStage,
  processClock: ProcessClock,
  process: number,
  kept: KeptClaims,
): Store {
  const { store, ledger, trace, clock, calls, hasStoreClock, answersAtOnce, isWatched, focus, random } = stage;
  const now = () => clock.now;
  const watched = watchedStore(store, {
    ledger,
    trace,
    process,
    clock: hasStoreClock ? now : undefined,
    now,
  });
  const ask: Ask = <T>(
    method: StoreMethod,
    about: string,
    job: StoreCall["job"],
    run: () => MaybePromise<T>,
  ): MaybePromise<T> => {
    try {
      calls.made(clock.now);
    } catch (error) {
      stage.fail(error);
      // Only so is whoever calls it without end kept from going on.
      return new Promise(() => {});
    }
    if (answersAtOnce) return answerAtOnce(stage, processClock, process, run);
    const answered = job === undefined ? () => {} : kept.called(job.jobId);
    return new Promise<T>((resolve, reject) => {
      calls.calls.push({
        name: `${method}${about}`,
        method,
        job,
        heldUntil: heldUntil(focus.holds, method, random, clock.now),
        clock: processClock,
        process,
        sentAt: clock.now,
        isAwaited: true,
        run: async () => {
          const value = await run();
          return () => {
            answered();
            resolve(value);
          };
        },
        fail: (error) => {
          answered();
          reject(error);
        },
      });
    });
  };
  const distant = distantStore(
    watched,
    ask,
    isWatched && store.watch !== undefined ? (onEvent) => watch(stage, processClock, process, onEvent) : undefined,
  );
  return {
    ...distant,
    append: (claim, revision, entries, head) => {
      kept.written(claim, head);
      return distant.append(claim, revision, entries, head);
    },
    claim: (query) =>
      chain(distant.claim(query), (answer) => {
        kept.answered(answer);
        return answer;
      }),
  };
}

/** Carries out a call at once, which takes the process some time. */
function answerAtOnce<T>(
  stage: FleetStage,
  clock: ProcessClock,
  process: number,
  run: () => MaybePromise<T>,
): MaybePromise<T> {
  try {
    const workedMs = clock.work(CALL_MS);
    if (workedMs > LONGEST_TURN_MS) {
      const why = `process ${process} has worked for ${workedMs} ms, in which no timer and no command had its turn`;
      throw new FleetViolation("too late", why);
    }
    return run();
  } catch (error) {
    stage.fail(error);
    throw error;
  }
}

function watch(
  { store, calls, clock }: FleetStage,
  processClock: ProcessClock,
  process: number,
  onEvent: (event: StoreEvent) => void,
): () => void {
  return store.watch?.((event) => {
    const answer = {
      name: `event ${event.type}`,
      heldUntil: 0,
      clock: processClock,
      process,
      sentAt: clock.now,
      arrive: () => onEvent(event),
    };
    if (!processClock.isGone) calls.answer(answer);
  }) ?? (() => {});
}
