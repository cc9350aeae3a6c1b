import type { Fault, FaultKind } from "./faults.ts";

/** One step of a simulation. */
export interface TraceStep {
  /** Counted from 1, over all processes. */
  readonly step: number;
  /** The simulated instant, in milliseconds since 1970. */
  readonly at: number;
  /** In which process, counted from 1. */
  readonly host: number;
  /**
   * What sort of step it is: a process takes the job up; a handler is called, waits, has done its work; a commit; the
   * clock moves; a fault strikes; the job is stopped on purpose; it has ended.
   */
  readonly type: "start" | "call" | "wait" | "return" | "commit" | "clock" | "fault" | "stop" | "end";
  /** What happened, in words. */
  readonly text: string;
}

/** How many of the last steps are shown where a simulation has failed. */
const SHOWN = 12;

/** All that has happened in a simulation, in order. */
export class Trace {
  /** The steps. */
  readonly steps: TraceStep[] = [];
  /** The faults that struck. */
  readonly faults: Fault[] = [];

  /** Adds a step, and gives its number. */
  add(step: Omit<TraceStep, "step">): number {
    return this.steps.push({ step: this.steps.length + 1, ...step });
  }

  /** Adds a fault that strikes. */
  addFault(kind: FaultKind, text: string, where: Pick<TraceStep, "at" | "host">): void {
    this.faults.push({ kind, step: this.add({ ...where, type: "fault", text: `${kind}: ${text}` }) });
  }
}

/** The last of some steps, a line for each. */
export function formatSteps(steps: readonly TraceStep[]): string {
  return steps.slice(-SHOWN).map(({ step, at, host, type, text }) => {
    return `  ${step}. ${at} ms, host ${host}, ${type}: ${text}`;
  }).join("\n");
}
