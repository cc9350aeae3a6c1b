import type { FleetTask } from "../../src/testing/fleet/fleet_client.ts";
import type { FleetFocus } from "../../src/testing/fleet/fleet_focus.ts";

/** The job at rest that is asked for something again and again: whoever takes it reads its inbox, which is slow. */
const FIRST = "job-1";

/** Jobs are executed where they wait to be taken up, behind one whose commands are being carried out, and are let go of before that is done. */
export const OVERTAKEN: FleetFocus = {
  holds: { methods: ["inbox"], mostMs: 2_500 },
  durability: { mode: "strict", attempts: 4 },
  lasts: 6,
  isWhole: true,
  recovers: true,
  executesTaken: true,
  faults: { kinds: ["recover"], most: 0, isHarsh: false },
  clientRate: 0.25,
  tasks: (jobId, job, list) =>
    Array.from({ length: 5 }, (_, n): readonly FleetTask[] => {
      if ((jobId === FIRST) !== (list === 1)) return [];
      const pause = { type: "pause", graceMs: 0 } as const;
      if (list === 1) {
        return [0, 1, 2, 3, 4].map((m) => ({
          type: "ask",
          jobId,
          asked: pause,
          key: `${jobId} again pause-${n}.${m}`,
        }));
      }
      return [
        { type: "delete", jobId, by: "store" },
        { type: "start", jobId, job, inMs: 0 },
        { type: "execute", jobId, job },
        { type: "direct", jobId, asked: pause },
      ];
    }).flat(),
};
