import type { StoredCommand } from "../../src/ports/mod.ts";
import type { BrokenStore } from "./broken_store.ts";

/** Stores that get inboxes wrong. */
export const BROKEN_INBOXES: readonly BrokenStore[] = [
  {
    what: "commands that are sent twice",
    noticedBy: "a second command with the same key is ignored",
    methods: (store) => {
      let count = 0;
      return { send: (jobId, text, key) => store.send(jobId, text, `${key}/${++count}`) };
    },
  },
  {
    what: "keys that are forgotten once consumed",
    noticedBy: "a key is still known when its command was consumed and a snapshot was taken",
    methods: (store) => {
      const bare = ({ key, ...rest }: StoredCommand) => ({ ...rest, key: key.slice(0, key.lastIndexOf("/")) });
      return {
        send: async (jobId, text, key) => store.send(jobId, text, `${key}/${(await store.find(jobId))?.consumed}`),
        inbox: async (jobId, after) => (await store.inbox(jobId, after)).map(bare),
      };
    },
  },
  {
    what: "an inbox that outlives its job",
    noticedBy: "a job that is created again after delete has nothing of the former one",
    methods: (store) => {
      const inboxes = new Map<string, StoredCommand[]>();
      return {
        async send(jobId, text, key) {
          const inbox = inboxes.get(jobId) ?? [];
          inboxes.set(jobId, inbox);
          if (!inbox.some((it) => it.key === key)) inbox.push({ sequence: inbox.length + 1, key, text });
          return await store.send(jobId, text, key);
        },
        inbox: (jobId, after) => (inboxes.get(jobId) ?? []).slice(after),
      };
    },
  },
  {
    what: "an inbox that begins one command too early",
    noticedBy: "send adds commands to the inbox, numbered from 1, and does not change the revision",
    methods: (store) => ({ inbox: (jobId, after) => store.inbox(jobId, Math.max(0, after - 1)) }),
  },
  {
    what: "a send to nobody that says yes",
    noticedBy: "send to an unknown job returns false, and its inbox is empty",
    methods: (store) => ({ send: async (...command) => (await store.send(...command), true) }),
  },
  {
    what: "a watcher that can't be stopped",
    noticedBy: "watch, if the store has it, reports commands that this process sends, until it is stopped",
    methods: (store) => ({ watch: (onCommand) => (store.watch?.(onCommand), () => {}) }),
  },
];

/** Stores that get lists wrong. */
export const BROKEN_LISTS: readonly BrokenStore[] = [
  {
    what: "jobs that are due an instant late",
    noticedBy: "a job is due once its wakeAt has passed",
    methods: (store) => ({ due: ({ now, ...rest }) => store.due({ ...rest, now: now - 1 }) }),
  },
  {
    what: "commands that wake nobody",
    noticedBy: "a job with an unconsumed command is due, whatever its owner and its wakeAt",
    methods: (store) => ({
      due: async (query) => (await store.due(query)).filter((it) => (it.wakeAt ?? Infinity) <= query.now),
    }),
  },
  {
    what: "an owner that does not find its jobs",
    noticedBy: "a job of the asking owner is due",
    methods: (store) => ({ due: ({ owner: _owner, ...rest }) => store.due(rest) }),
  },
  {
    what: "owners of which one begins like the other",
    noticedBy: "another owner's is not",
    methods: (store) => ({
      async due(query) {
        const { owner } = query;
        const { jobs } = await store.list();
        const like = owner === undefined ? [] : jobs.filter((it) => it.owner?.startsWith(owner));
        return [...new Map([...await store.due(query), ...like].map((it) => [it.jobId, it])).values()];
      },
    }),
  },
  {
    what: "a limit of due jobs that counts others too",
    noticedBy: "no more than its limit",
    methods: (store) => ({
      async due({ limit, ...rest }) {
        const ids = new Set((await store.list({ limit })).jobs.map(({ jobId }) => jobId));
        return (await store.due(rest)).filter(({ jobId }) => ids.has(jobId)).slice(0, limit);
      },
    }),
  },
  {
    what: "due jobs that come in the order of their ids",
    noticedBy: "those that have been due for longest come first",
    methods: (store) => ({
      async due({ limit, ...rest }) {
        return (await store.due(rest)).toSorted((a, b) => a.jobId < b.jobId ? -1 : 1).slice(0, limit);
      },
    }),
  },
  {
    what: "a limit of due jobs that takes the last of them",
    noticedBy: "those that have been due for longest come first",
    methods: (store) => ({
      async due({ limit = Infinity, ...rest }) {
        const due = await store.due(rest);
        return due.filter((_, index) => index >= due.length - limit);
      },
    }),
  },
  {
    what: "excepted jobs that count against the limit",
    noticedBy: "which do not count against the limit",
    methods: (store) => ({
      async due({ except, ...rest }) {
        return (await store.due(rest)).filter(({ jobId }) => !except?.has(jobId));
      },
    }),
  },
  {
    what: "due jobs of which none is excepted",
    noticedBy: "due leaves out the excepted jobs",
    methods: (store) => ({ due: ({ except: _except, ...rest }) => store.due(rest) }),
  },
  {
    what: "pages that skip a job",
    noticedBy: "pages contain each job once when many were created at the same time",
    methods: (store) => ({
      async list(query = {}) {
        const page = await store.list(query);
        return query.cursor === undefined ? page : { ...page, jobs: page.jobs.slice(1) };
      },
    }),
  },
  {
    what: "cursors that count",
    noticedBy: "pages neither skip nor repeat a job while others are created and deleted",
    methods: (store) => ({
      async list({ cursor = "0", limit = 100, ...query } = {}) {
        const { jobs } = await store.list({ ...query, limit: Infinity });
        const end = Number(cursor) + limit;
        const page = jobs.slice(Number(cursor), end);
        return end < jobs.length ? { jobs: page, cursor: String(end) } : { jobs: page };
      },
    }),
  },
  {
    what: "cursors that name a job, and go on only where it still is",
    noticedBy: "pages neither skip nor repeat a job while others are created and deleted",
    methods: (store) => ({
      async list({ cursor, limit = 100, ...query } = {}) {
        const { jobs } = await store.list({ ...query, limit: Infinity });
        const start = cursor === undefined ? 0 : jobs.findIndex(({ jobId }) => jobId === cursor) + 1;
        const page = jobs.slice(start, start + limit);
        const last = page.at(-1);
        return last && start + limit < jobs.length ? { jobs: page, cursor: last.jobId } : { jobs: page };
      },
    }),
  },
  {
    what: "a cursor on the last page",
    noticedBy: "a page has 100 jobs by default, and the last page has no cursor",
    methods: (store) => ({
      async list(query) {
        const page = await store.list(query);
        return page.jobs.length === query?.limit ? { ...page, cursor: page.cursor ?? "z" } : page;
      },
    }),
  },
  {
    what: "pages without an end",
    noticedBy: "a page has 100 jobs",
    methods: (store) => ({ list: (query) => store.list({ limit: Infinity, ...query }) }),
  },
  {
    what: "an age that is met too early",
    noticedBy: "filters by flow, status and age",
    methods: (store) => ({
      list: ({ createdBefore, ...query } = {}) =>
        store.list(createdBefore === undefined ? query : { ...query, createdBefore: createdBefore + 1 }),
    }),
  },
  {
    what: "the newest first",
    noticedBy: "list is ordered by creation time, then by id",
    methods: (store) => ({
      async list(query) {
        const page = await store.list(query);
        return { ...page, jobs: page.jobs.toReversed() };
      },
    }),
  },
];
