import { Engine, type EngineEvent, Flow, JobState, type Registry } from "../../mod.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";

/** What one host sends to another. */
export function pack(flow: Flow, job: JobState): string {
  return JSON.stringify({ flow, jobState: job });
}

/** A job that has come to another host, with all that is there: nothing of it was there before. */
export interface Arrival {
  readonly flow: Flow;
  readonly job: JobState;
  readonly timers: ManualTimers;
  readonly events: readonly EngineEvent[];
}

/** Receives what `pack` has sent; nothing runs until `flow.resume`. */
export function unpack(text: string, registry: Registry, now = 0): Arrival {
  const timers = manualTimers(now);
  const events: EngineEvent[] = [];
  const engine = new Engine({ timers, ids: manualIds(), observer: (event) => void events.push(event) });
  const { flow, jobState } = JSON.parse(text);
  return {
    flow: Flow.fromJSON(flow, registry, { engine }),
    job: JobState.fromJSON(jobState, registry),
    timers,
    events,
  };
}
