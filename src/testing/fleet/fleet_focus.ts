import type { DurabilityOptions } from "../../engine/durable/durability_settings.ts";
import type { SeededRandom } from "../seeded_random.ts";
import type { FleetAim } from "./fleet_aim.ts";
import type { FleetTask } from "./fleet_client.ts";
import type { FleetJob, ProcessFault } from "./fleet_options.ts";
import type { FleetStage } from "./fleet_stage.ts";
import type { CallFate, StoreCall, StoreMethod } from "./store_calls.ts";

/** A situation that chance alone makes seldom, and that some fleets are about. */
export interface FleetFocus {
  /** Which calls wait before the store carries them out, at most so long, in milliseconds. */
  readonly holds?: { readonly methods: readonly StoreMethod[]; readonly mostMs: number };
  /** Which answers wait before they arrive, at most so long, in milliseconds. */
  readonly holdsAnswers?: { readonly methods: readonly StoreMethod[]; readonly mostMs: number };
  /** Until when a held call waits, if that is not left to chance: the next deadline of its job, or the end of its life. */
  readonly until?: "deadline" | "life over";
  /** Which calls often have another fate than to be carried out and answered. */
  readonly fates?: {
    readonly methods: readonly StoreMethod[];
    readonly fates: readonly CallFate[];
    readonly chance: number;
  };
  readonly durability?: Pick<DurabilityOptions, "mode" | "snapshotLength" | "inboxLimit" | "attempts">;
  /** How much longer handlers take. */
  readonly handlersTake?: number;
  /** How much longer faults go on, for what needs several of them. */
  readonly lasts?: number;
  /** What happens to processes, and how often at most; `isHarsh`: only while they work. */
  readonly faults?: { readonly kinds: readonly ProcessFault[]; readonly most: number; readonly isHarsh: boolean };
  readonly setsClocks?: boolean;
  readonly hasStoreClock?: boolean;
  /** The chance that a process's clock is off from the beginning, where the store has one of its own. */
  readonly clocksOff?: number;
  /** The chance that a process cannot build all flows. */
  readonly strangers?: number;
  readonly isWatched?: boolean;
  /** Whether a store that can answer at once does. */
  readonly answersAtOnce?: boolean;
  /** Whether processes look for due jobs themselves, and know those that they have taken. */
  readonly recovers?: boolean;
  /** The chance that time passes. */
  readonly timeRate?: number;
  /** The chance that a client acts. */
  readonly clientRate?: number;
  /** Whether clients deliver before they ask for anything else. */
  readonly deliversFirst?: boolean;
  /** Whether clients redrive a job only when it has ended. */
  readonly redrivesEnded?: boolean;
  /** Whether clients execute a job that has been stored only when a process has claimed it. */
  readonly executesTaken?: boolean;
  /** Whether it needs several jobs and processes. */
  readonly isWhole?: boolean;
  /** What two of the clients ask for beside all else. */
  readonly tasks?: (jobId: string, job: FleetJob, list: number) => readonly FleetTask[];
}

/** Until when a call or its answer waits; 0 for one that does not. */
export function heldUntil(
  holds: FleetFocus["holds"],
  method: StoreMethod,
  random: SeededRandom,
  now: number,
): number {
  return holds?.methods.includes(method) === true ? now + random.integer(holds.mostMs) : 0;
}

/** Whether a call waits for the situation that a fleet is about. */
export function isHeldBack(
  { method, job, heldUntil, sentAt, isAwaited }: StoreCall,
  { focus, ledger, clock }: FleetStage,
): boolean {
  const { until, holds } = focus;
  const { now } = clock;
  if (!isAwaited || until === undefined || holds?.methods.includes(method) !== true) return heldUntil > now;
  if (now - sentAt > holds.mostMs || job === undefined) return false;
  if (until === "life over") return job.life !== undefined && ledger.lives.has(job.life);
  const { deadline = 0, readAt = 0 } = ledger.lifeOf(job.jobId) ?? {};
  // At the very instant it comes just after a look into the inbox.
  return (deadline > now && deadline - now <= holds.mostMs) || (deadline === now && readAt < now);
}

function repeat(count: number, make: (n: number) => readonly FleetTask[]): readonly FleetTask[] {
  return Array.from({ length: count }, (_, n) => make(n)).flat();
}

/** Pauses a job, or the one that `aim` says; `list` is the number of the client. */
function pause(jobId: string, list: number, n: number, aim?: FleetAim): FleetTask {
  return { type: "ask", jobId, asked: { type: "pause", graceMs: 0 }, key: `${jobId} again pause-${list}.${n}`, aim };
}

/** Pauses a job and resumes it, again and again. */
function pauses(jobId: string, list: number): readonly FleetTask[] {
  return repeat(4, (n) => [
    pause(jobId, list, n),
    { type: "ask", jobId, asked: { type: "resume" }, key: `${jobId} again resume-${list}.${n}` },
  ]);
}

/** Cancels a job and redrives it; `aim` says which, if it is not the job itself. */
function ends(jobId: string, list: number, n: number, aim?: FleetAim): readonly FleetTask[] {
  return [
    { type: "ask", jobId, asked: { type: "cancel" }, key: `${jobId} again cancel-${list}.${n}`, aim },
    { type: "ask", jobId, asked: { type: "redrive" }, key: `${jobId} again redrive-${list}.${n}`, aim },
  ];
}

const DEADLINES: FleetFocus = {
  holds: { methods: ["send"], mostMs: 2_500 },
  until: "deadline",
  timeRate: 0.3,
  clientRate: 0.25,
  deliversFirst: true,
  setsClocks: false,
  faults: { kinds: ["recover"], most: 2, isHarsh: false },
};

/** What fleets with queues are about, or may be: nobody knows what was taken. */
export const QUEUED: FleetFocus = {
  fates: { methods: ["take", "claim", "permit"], fates: ["answer lost", "unanswered"], chance: 0.15 },
};

/** What fleets may be about. */
export const FOCUSES: Readonly<Record<string, FleetFocus>> = {
  // A delivery is stored at the very instant of a deadline, by the store's clock or by that of its sender.
  deadlines: { ...DEADLINES, hasStoreClock: true, clocksOff: 0.6 },
  ownDeadlines: { ...DEADLINES, hasStoreClock: false },
  // A command is tried again when the inbox has no room, and the first try arrives later.
  inboxes: {
    holds: { methods: ["inbox", "commands"], mostMs: 1_200 },
    fates: { methods: ["send"], fates: ["late"], chance: 0.5 },
    durability: { mode: "strict", inboxLimit: 1, attempts: 4 },
    isWatched: false,
    clientRate: 0.2,
    tasks: (jobId, _job, list) => pauses(jobId, list),
  },
  // A call is under way to one life of an id while the next one begins.
  lives: {
    holds: { methods: ["compact", "inbox", "delete"], mostMs: 3_000 },
    until: "life over",
    durability: { mode: "strict", snapshotLength: 1, attempts: 4 },
    clientRate: 0.25,
    tasks: (jobId, job, list) =>
      repeat(4, () => [
        { type: "delete", jobId, by: list === 1 ? "engine" : "store" },
        { type: "execute", jobId, job },
      ]),
  },
  // Handlers go on when their job is lost, and may be taken again meanwhile.
  handlers: {
    handlersTake: 20,
    recovers: true,
    faults: { kinds: ["block", "sleep", "recover", "shutdown"], most: 12, isHarsh: true },
    tasks: (jobId, _job, list) => pauses(jobId, list),
  },
  // A job is started where the answer is under way by which it was taken, or is being taken up.
  takes: {
    holds: { methods: ["inbox", "append"], mostMs: 600 },
    holdsAnswers: { methods: ["take", "claim"], mostMs: 1_500 },
    lasts: 3,
    recovers: true,
    faults: { kinds: ["death", "shutdown", "recover"], most: 10, isHarsh: false },
    clientRate: 0.25,
    tasks: (jobId, job, list) =>
      list === 1 ? pauses(jobId, list) : repeat(6, () => [
        { type: "execute", jobId, job },
        { type: "direct", jobId, asked: { type: "resume" } },
      ]),
  },
  // A job is resumed while its pause is being stored, and its handlers have not returned.
  pauses: {
    holds: { methods: ["append"], mostMs: 600 },
    handlersTake: 6,
    recovers: true,
    tasks: (jobId, _job, list) =>
      repeat(4, (n) => [
        { type: "direct", jobId, asked: { type: "pause", graceMs: 0 } },
        { type: "ask", jobId, asked: { type: "resume" }, key: `${jobId} again resume-${list}.${n}` },
      ]),
  },
  // A process shuts down while the last handler of a job runs.
  shutdowns: { handlersTake: 3, faults: { kinds: ["shutdown"], most: 12, isHarsh: true } },
  // Handlers run ahead of a store that answers at once.
  ahead: { answersAtOnce: true, durability: { mode: "relaxed", attempts: 4 } },
  // A handler goes on for long, and its store answers at once.
  slices: { answersAtOnce: true, durability: { mode: "strict", snapshotLength: 1, attempts: 4 } },
  // Processes die at one step of a task after the other.
  deaths: { handlersTake: 3, faults: { kinds: ["death", "rebirth"], most: 16, isHarsh: true } },
  // Processes without classes take what they find.
  strangers: {
    strangers: 0.7,
    faults: { kinds: ["recover", "shutdown"], most: 12, isHarsh: false },
    tasks: (jobId, _job, list) => pauses(jobId, list),
  },
  // A renewal is carried out when the lease has ended.
  leases: {
    holds: { methods: ["renew", "enter"], mostMs: 3_500 },
    handlersTake: 15,
    hasStoreClock: false,
    setsClocks: false,
  },
  // Parents and children end and go on again, while they are told of each other.
  families: {
    holds: { methods: ["send", "append"], mostMs: 700 },
    fates: { methods: ["append"], fates: ["fails"], chance: 0.06 },
    durability: { mode: "strict", attempts: 1 },
    clientRate: 0.15,
    tasks: (jobId, _job, list) => repeat(3, (n) => ends(jobId, list, n, list === 1 ? undefined : { index: n })),
  },
  // A job that waits is let go of just after a clock was set.
  clocks: {
    hasStoreClock: true,
    setsClocks: true,
    faults: { kinds: ["clock", "shutdown"], most: 16, isHarsh: false },
  },
  // A child ends while nobody has read the inbox of its parent, which is full; or its end at rest cannot be stored.
  debts: {
    holds: { methods: ["inbox", "commands"], mostMs: 1_500 },
    fates: { methods: ["append"], fates: ["fails"], chance: 0.1 },
    durability: { mode: "strict", inboxLimit: 1, attempts: 1 },
    isWatched: false,
    setsClocks: false,
    lasts: 3,
    clientRate: 0.15,
    tasks: (jobId, _job, list) =>
      list === 1
        ? pauses(jobId, list)
        : repeat(3, (n) => [pause(jobId, list, n, { index: n }), ...ends(jobId, list, n, { index: n })]),
  },
  // Failures are put back, one or all of them, and commands come as the job ends again.
  redrives: {
    holds: { methods: ["append"], mostMs: 900 },
    durability: { mode: "strict", attempts: 4 },
    isWatched: false,
    recovers: true,
    clientRate: 0.25,
    tasks: (jobId, { repairs }, list) =>
      repeat(4, (n) => {
        const redrive = { jobId, asked: { type: "redrive" }, failure: n % 2 === 0 ? n : undefined, repairs } as const;
        return list === 1
          ? [{ type: "direct", ...redrive }]
          : [{ type: "ask", ...redrive, key: `${jobId} again redrive-${list}.${n}` }, pause(jobId, list, n)];
      }),
  },
  // Calls and commands come while a job begins, and while its rest or its end is being stored.
  rests: {
    holds: { methods: ["create", "claim", "append"], mostMs: 900 },
    durability: { mode: "strict", attempts: 4 },
    isWatched: false,
    lasts: 3,
    recovers: true,
    clientRate: 0.3,
    tasks: (jobId, job, list) =>
      repeat(4, (n) =>
        list === 1 ? [pause(jobId, list, n), ...ends(jobId, list, n)] : [
          { type: "execute", jobId, job },
          { type: "direct", jobId, asked: { type: "redrive" } },
          { type: "direct", jobId, asked: { type: "pause", graceMs: 0 } },
          { type: "direct", jobId, asked: { type: "cancel" } },
        ]),
  },
  // Nobody knows whether a job was started.
  starts: {
    fates: { methods: ["create", "load"], fates: ["answer lost"], chance: 0.6 },
    durability: { mode: "strict", attempts: 1 },
    clientRate: 0.25,
    tasks: (jobId) => repeat(3, () => [{ type: "direct", jobId, asked: { type: "cancel" } }]),
  },
  // The end of a job is refused, and it cannot be read again.
  ends: {
    holds: { methods: ["append"], mostMs: 900 },
    fates: { methods: ["load"], fates: ["fails"], chance: 0.6 },
    durability: { mode: "strict", attempts: 1 },
    recovers: true,
    clientRate: 0.2,
    tasks: (jobId, _job, list) =>
      repeat(4, (n) => [
        { type: "ask", jobId, asked: { type: "resume" }, key: `${jobId} again resume-${list}.${n}` },
        { type: "direct", jobId, asked: { type: "resume" } },
      ]),
  },
};
