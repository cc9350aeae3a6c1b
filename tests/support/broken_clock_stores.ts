import { type BrokenStore, idsWhere } from "./broken_store.ts";

/** The time by the clock of these stores. */
export const STORE_TIME = 5_000_000;

const TIME = "time is that of all answers, whatever the clocks of callers show";
const CREATED = "a job that is created as due at once is so by the store's clock, whatever that of its creator shows";
const LET_GO = "a job that is let go as due at once is so by the store's clock, whatever that of its owner shows";
const SENT = "a job that was sent a command is due at once, whatever the clocks of its creator and of the sender show";
const LEASE = "a lease ends by the store's clock, not by those of its owner and of the others";
const ANSWERS = "nextDueAt, and when more permits are free, are answered by the clock of the caller";

/** Stores with a clock of their own, where some calls go by that of their callers: the methods are those of a store that has none. */
export const BROKEN_CLOCKS: readonly BrokenStore[] = [
  {
    what: "a time by another clock than that of its answers",
    noticedBy: [TIME],
    methods: () => ({ time: () => STORE_TIME - 60_000 }),
  },
  {
    what: "jobs that are due at once when the clock of their creator shows that",
    noticedBy: [CREATED, LET_GO],
    methods: ({ create }) => ({ create }),
  },
  {
    what: "jobs that are due at once when the clock of whoever has let go of them shows that",
    noticedBy: [LET_GO],
    methods: ({ append }) => ({ append }),
  },
  {
    what: "jobs that are due when the clock of whoever takes them shows that",
    noticedBy: [CREATED, LET_GO, LEASE],
    methods: ({ take }) => ({ take }),
  },
  {
    what: "commands that wait for the creation of their job, by a clock that is ahead",
    noticedBy: [SENT],
    methods: (store) => ({
      async take(query) {
        const exceptJobs = new Set(await idsWhere(store, ({ createdAt }) => createdAt > STORE_TIME));
        return await store.take({ ...query, now: STORE_TIME, exceptJobs });
      },
    }),
  },
  {
    what: "leases that are renewed by the clock of their owner",
    noticedBy: [LEASE],
    methods: ({ renew }) => ({ renew }),
  },
  {
    what: "instants that are not those of the caller",
    noticedBy: [ANSWERS],
    methods: (store) => ({ nextDueAt: (query) => store.nextDueAt({ ...query, now: STORE_TIME }) }),
  },
  {
    what: "instants of permits that are not those of the caller",
    noticedBy: [ANSWERS],
    methods: ({ permit }) => (permit && { permit: (query) => permit({ ...query, now: STORE_TIME }) }) ?? {},
  },
];
