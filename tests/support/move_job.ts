import { Engine, type EngineEvent, Flow, JobState, type Registry } from "../../mod.ts";
import { manualIds, type ManualTimers, manualTimers } from "../../src/testing/mod.ts";

/** Writes a flow and its job to one text, which another host can read with `unpack`. */
export function pack(flow: Flow, job: JobState): string {
  return JSON.stringify({ flow, jobState: job });
}

/** A job on another host, with the flow, timers and observed events that were made there for it. */
export interface MovedJob {
  readonly flow: Flow;
  readonly job: JobState;
  readonly timers: ManualTimers;
  readonly events: readonly EngineEvent[];
}

/** Reads the text that `pack` has written; nothing runs until `flow.resume`. */
export function unpack(text: string, registry: Registry, now = 0): MovedJob {
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
