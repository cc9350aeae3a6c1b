import type { BrokenStore } from "./broken_store.ts";

/** Stores that get wrong what has become of commands. */
export const BROKEN_OUTCOMES: readonly BrokenStore[] = [
  {
    what: "commands that are all done",
    noticedBy: [
      "a command is stored, then done or refused, as the head says that consumes it",
      "the outcome of a command survives closing and reopening the store",
    ],
    methods: (store) => ({
      async outcome(job, key) {
        const outcome = await store.outcome(job, key);
        return outcome?.status === "refused" ? { status: "done" } : outcome;
      },
    }),
  },
  {
    what: "refusals of appends that were refused",
    noticedBy: ["an append that is refused says nothing of the commands that it would consume"],
    methods(store) {
      const reasons = new Map<number, string>();
      return {
        append(claim, revision, entries, head) {
          for (const { sequence, reason } of head?.refused ?? []) reasons.set(sequence, reason);
          return store.append(claim, revision, entries, head);
        },
        async outcome(job, key) {
          const outcome = await store.outcome(job, key);
          const reason = reasons.get(Number(key));
          return outcome?.status === "done" && reason !== undefined ? { status: "refused", reason } : outcome;
        },
      };
    },
  },
  {
    what: "outcomes of any life",
    noticedBy: ["the outcome of a command to another life, or to no job, is unknown"],
    methods: (store) => ({ outcome: ({ jobId }, key) => store.outcome({ jobId }, key) }),
  },
  {
    what: "outcomes of the last five commands only",
    noticedBy: ["the outcome of a command is remembered as long as its key, however many others there are"],
    methods: (store) => ({
      async outcome(job, key) {
        const { consumed = 0 } = await store.find(job.jobId) ?? {};
        return Number(key) <= consumed - 5 ? undefined : await store.outcome(job, key);
      },
    }),
  },
];
