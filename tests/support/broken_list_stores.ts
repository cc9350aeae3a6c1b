import type { StoredCommand } from "../../mod.ts";
import type { BrokenStore } from "./broken_store.ts";

/** Stores that get inboxes wrong. */
export const BROKEN_INBOXES: readonly BrokenStore[] = [
  {
    what: "commands that are sent twice",
    noticedBy: "once for each key",
    methods: (store) => {
      let count = 0;
      return { send: (jobId, text, key) => store.send(jobId, text, `${key}/${++count}`) };
    },
  },
  {
    what: "keys that are forgotten once consumed",
    noticedBy: "a key is remembered",
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
    noticedBy: "begins anew",
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
    noticedBy: "counted from 1",
    methods: (store) => ({ inbox: (jobId, after) => store.inbox(jobId, Math.max(0, after - 1)) }),
  },
  {
    what: "a send to nobody that says yes",
    noticedBy: "send to a job that is not there",
    methods: (store) => ({ send: async (...command) => (await store.send(...command), true) }),
  },
  {
    what: "a watcher that can't be stopped",
    noticedBy: "until told to stop",
    methods: (store) => ({ watch: (onCommand) => (store.watch?.(onCommand), () => {}) }),
  },
];

/** Stores that get lists wrong. */
export const BROKEN_LISTS: readonly BrokenStore[] = [
  {
    what: "jobs that are due an instant late",
    noticedBy: "from the instant of its wakeAt on",
    methods: (store) => ({ due: ({ now, ...rest }) => store.due({ ...rest, now: now - 1 }) }),
  },
  {
    what: "commands that wake nobody",
    noticedBy: "a job with a command that is not consumed is due",
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
    what: "pages that skip a job",
    noticedBy: "each job once when many were created at the same instant",
    methods: (store) => ({
      async list(query = {}) {
        const page = await store.list(query);
        return query.cursor === undefined ? page : { ...page, jobs: page.jobs.slice(1) };
      },
    }),
  },
  {
    what: "cursors that count",
    noticedBy: "while others come and go",
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
    noticedBy: "while others come and go",
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
    noticedBy: "the last one no cursor",
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
    noticedBy: "the oldest first",
    methods: (store) => ({
      async list(query) {
        const page = await store.list(query);
        return { ...page, jobs: page.jobs.toReversed() };
      },
    }),
  },
];
