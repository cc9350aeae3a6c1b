import type { StoreEvent } from "../../src/ports/mod.ts";
import { type BrokenStore, recordsOf, turns } from "./broken_store.ts";

function changeEvents(
  what: string,
  type: StoreEvent["type"],
  noticedBy: string,
  change: (event: StoreEvent) => StoreEvent,
) {
  return {
    what,
    noticedBy: [`watch, if the store has it, ${noticedBy}`],
    methods: (store) => ({
      watch: (onEvent) => store.watch?.((event) => onEvent(event.type === type ? change(event) : event)) ?? (() => {}),
    }),
  } satisfies BrokenStore;
}

/** Stores that get inboxes, keys and events wrong. */
export const BROKEN_INBOXES: readonly BrokenStore[] = [
  {
    what: "commands that are sent twice",
    noticedBy: [
      "a key is sent once: with the same text it is known, with another one it differs",
      "commands that are sent concurrently are all stored, once per key, numbered without a gap",
    ],
    methods(store) {
      let count = 0;
      return { send: (job, command) => store.send(job, { ...command, key: `${command.key}/${++count}` }) };
    },
  },
  {
    what: "jobs that have ended until their redrive is carried out",
    noticedBy: ["a job that has ended takes other commands after one that reopens it, until that is consumed"],
    methods: (store) => ({
      async send(job, command) {
        const isEnded = (await store.find(job.jobId))?.endedAt !== undefined && !command.reopens;
        return isEnded ? "ended" : await store.send(job, command);
      },
    }),
  },
  {
    what: "keys whose texts are not compared",
    noticedBy: ["a key is sent once: with the same text it is known, with another one it differs"],
    methods: (store) => ({
      async send(job, command) {
        const answer = await store.send(job, command);
        return answer === "differs" ? "known" : answer;
      },
    }),
  },
  {
    what: "keys that are forgotten once consumed",
    noticedBy: ["a key is remembered from send until its retention has passed since its command was consumed"],
    methods: (store) => ({ send: (job, command) => store.send(job, { ...command, keyRetentionMs: 0 }) }),
  },
  {
    what: "keys that are forgotten before they are consumed",
    noticedBy: ["a key is remembered from send until its retention has passed since its command was consumed"],
    methods: (store) => ({
      send: (job, command) => store.send(job, { ...command, key: `${command.key}${command.now > 1_000_000}` }),
    }),
  },
  {
    what: "sequences that begin anew in an empty inbox",
    noticedBy: ["sequences go on when all commands were consumed, a snapshot was taken, and keys were forgotten"],
    methods: (store) => ({
      async inbox(life, after, now) {
        const { commands } = await store.inbox(life, 0, now);
        const counted = commands.map((it, index) => ({ ...it, sequence: index + 1 }));
        return { now, commands: counted.filter(({ sequence }) => sequence > after) };
      },
    }),
  },
  {
    what: "an inbox that begins one command too early",
    noticedBy: ["send adds commands to the inbox, numbered from 1, and does not change the revision"],
    methods: (store) => ({ inbox: (life, after, now) => store.inbox(life, after - 1, now) }),
  },
  {
    what: "a send to nobody that says yes",
    noticedBy: ["send to an unknown job or another life is answered so, and its inbox is empty"],
    methods: (store) => ({
      async send(...call) {
        const answer = await store.send(...call);
        return answer === "unknown" ? "stored" : answer;
      },
    }),
  },
  {
    what: "jobs that take commands after their end",
    noticedBy: [
      "a job that has ended takes a command only if it reopens",
      "of an end and a command that is sent at the same time the later one is refused",
    ],
    methods: (store) => ({ send: (job, command) => store.send(job, { ...command, reopens: true }) }),
  },
  {
    what: "an inbox without a bottom",
    noticedBy: [
      "an inbox is full with as many commands as there is room for that are not consumed",
      "commands that are sent concurrently do not overfill an inbox",
    ],
    methods: (store) => ({ send: (job, command) => store.send(job, { ...command, room: Infinity }) }),
  },
  {
    what: "an inbox that consumed commands fill",
    noticedBy: ["an inbox is full with as many commands as there is room for that are not consumed"],
    methods: (store) => ({
      async send(job, command) {
        const consumed = (await store.find(job.jobId))?.consumed ?? 0;
        return await store.send(job, { ...command, room: command.room - consumed });
      },
    }),
  },
  {
    what: "an inbox whose room is looked at a moment before",
    noticedBy: ["commands that are sent concurrently do not overfill an inbox"],
    methods: (store) => ({
      async send(job, command) {
        const { sent = 0, consumed = 0 } = await store.find(job.jobId) ?? {};
        if (sent - consumed >= command.room) return "full";
        await turns(3);
        return await store.send(job, { ...command, room: Infinity });
      },
    }),
  },
  {
    what: "an end that overtakes a command",
    noticedBy: [
      "an append that ends the job is unread while the inbox has commands beyond those consumed",
      "of an end and a command that is sent at the same time the later one is refused",
    ],
    methods: (store) => ({
      async append(claim, revision, entries, head) {
        if (await store.append(claim, revision, entries, head) === "stored") return "stored";
        const consumed = (await store.find(claim.jobId))?.sent ?? 0;
        return await store.append(claim, revision, entries, head && { ...head, consumed });
      },
    }),
  },
  {
    what: "the release of an ended job that a command holds up",
    noticedBy: [
      "an append that does not end the job is stored whatever the inbox has",
      "a job that has ended and was not released is due when its owner's lease has ended",
    ],
    methods: (store) => ({
      async append(claim, revision, entries, head) {
        const sent = (await store.find(claim.jobId))?.sent ?? 0;
        if (head?.endedAt !== undefined && sent > head.consumed) return "unread";
        return await store.append(claim, revision, entries, head);
      },
    }),
  },
  {
    what: "a release that passes over the commands that are sent meanwhile",
    noticedBy: ["a command that is sent while the owner releases the job is not lost: the job is due"],
    methods: (store) => ({
      async append(claim, revision, entries, head) {
        const consumed = (await store.find(claim.jobId))?.sent ?? 0;
        return await store.append(claim, revision, entries, head?.releases ? { ...head, consumed } : head);
      },
    }),
  },
  {
    what: "commands of all incarnations of a name",
    noticedBy: ["commands returns the commands that are not consumed, of the jobs that an incarnation has claimed"],
    methods: (store) => ({
      async commands({ owner }, now) {
        const jobs = [];
        for (const { jobId, life, ...record } of await recordsOf(store)) {
          const { commands } = await store.inbox({ jobId, life }, record.consumed, now);
          if (record.owner === owner && commands.length > 0) jobs.push({ jobId, life, commands });
        }
        return { now, jobs };
      },
    }),
  },
  {
    what: "an inbox that lives in its handle",
    noticedBy: ["an inbox survives closing and reopening the store"],
    methods(store) {
      const keys = new Set<string>();
      return {
        async send(job, command) {
          const answer = await store.send(job, command);
          if (answer === "stored") keys.add(command.key);
          return answer;
        },
        async inbox(life, after, now) {
          const { commands } = await store.inbox(life, after, now);
          return { now, commands: commands.filter(({ key }) => keys.has(key)) };
        },
      };
    },
  },
  changeEvents(
    "commands of another job that are told",
    "command",
    "tells of commands that are stored, also to jobs that have ended",
    () => ({ type: "command", jobId: "another" }),
  ),
  changeEvents(
    "instants that are told wrongly",
    "due",
    "tells when a job that nobody has is due: after create and after a release",
    () => ({ type: "due", at: 0 }),
  ),
  changeEvents(
    "ends of another job that are told",
    "ended",
    "tells of the end of jobs, with and without a release",
    () => ({ type: "ended", jobId: "another" }),
  ),
  {
    what: "looks that are told of while something is due",
    noticedBy: ["watch, if the store has it, tells of a look only when nothing is due"],
    methods(store) {
      let tell = (_event: StoreEvent) => {};
      return {
        watch(onEvent) {
          tell = onEvent;
          return store.watch?.(onEvent) ?? (() => {});
        },
        async nextDueAt({ tells, ...query }) {
          if (tells !== undefined) tell({ type: "looked", by: tells });
          return await store.nextDueAt(query);
        },
      };
    },
  },
  {
    what: "watchers that can't be stopped",
    noticedBy: ["watch, if the store has it, tells nothing more once it is stopped"],
    methods: (store) => ({ watch: (onEvent) => (store.watch?.(onEvent), () => {}) }),
  },
];
