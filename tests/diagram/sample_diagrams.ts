import type { FlowDocument, JobDocument, RoutineDocument } from "../../src/documents/mod.ts";
import { HOSTILE_TEXTS } from "../support/hostile_texts.ts";

const AT = "2026-01-01T00:00:00.000Z";

/** A flow and a job of which every name is a hostile text. */
export function hostileDocuments(): { readonly flow: FlowDocument; readonly job: JobDocument } {
  const [first = "", ...others] = HOSTILE_TEXTS;
  const routines = HOSTILE_TEXTS.map((text): readonly [string, RoutineDocument] => [text, {
    config: {},
    events: { [text]: {} },
    slots: { [text]: { handler: { method: "run" } }, [`outside ${text}`]: {}, [`timer ${text}`]: { timer: true } },
    type: text,
    version: 1,
  }]);
  const flow: FlowDocument = {
    connections: HOSTILE_TEXTS.map((text, index) => ({
      from: { event: text, routine: text },
      mapping: { [text]: text },
      to: { routine: others[index] ?? first, slot: others[index] ?? first },
    })),
    executionStrategy: "sequential",
    executionTimeoutMs: null,
    failureConnections: HOSTILE_TEXTS.map((text, index) => ({
      errors: [text],
      from: { routine: text, slot: text },
      to: { routine: others[index] ?? first, slot: others[index] ?? first },
    })),
    format: "routilux/flow",
    id: first,
    maxWorkers: 1,
    routines: Object.fromEntries(routines),
    version: 1,
  };
  const job: JobDocument = {
    children: HOSTILE_TEXTS.map((text) => ({ flowId: text, jobs: [{ jobId: text, routine: text, to: text }] })),
    createdAt: AT,
    executionHistory: HOSTILE_TEXTS.map((text) => ({ at: AT, data: {}, event: text, routine: text, type: "emit" })),
    flowId: first,
    format: "routilux/job",
    jobId: first,
    nextTaskId: HOSTILE_TEXTS.length + 1,
    pendingTasks: HOSTILE_TEXTS.map((text, index) => ({
      awaiting: { timeoutMs: 5, until: AT },
      createdAt: AT,
      id: index + 1,
      routine: text,
      slot: text,
    })),
    ranMs: 0,
    routineStates: { [first]: { status: "failed", version: 1 }, "not there": { status: "completed", version: 1 } },
    status: "running",
    updatedAt: AT,
    version: 1,
  };
  return { flow, job };
}
