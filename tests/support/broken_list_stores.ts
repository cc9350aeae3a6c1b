import type { JobFilter, JobPage, Store } from "../../src/ports/mod.ts";
import { type BrokenStore, recordsOf } from "./broken_store.ts";

/** Changes the filters of lists and counts. */
function changeFilters(store: Store, change: (filter: JobFilter) => JobFilter): Partial<Store> {
  return {
    list: (query = {}) => store.list({ ...query, ...change(query) }),
    count: (filter = {}) => store.count(change(filter)),
  };
}

/** Stores that get lists, counts and purges wrong. */
export const BROKEN_LISTS: readonly BrokenStore[] = [
  {
    what: "the newest first",
    noticedBy: ["list is ordered by creation time, then by id"],
    methods: (store) => ({
      async list(query) {
        const page = await store.list(query);
        return { ...page, jobs: page.jobs.toReversed() };
      },
    }),
  },
  {
    what: "lists that do not tell until when a job is held",
    noticedBy: ["list is ordered by creation time, then by id"],
    methods: (store) => ({
      async list(query) {
        const page = await store.list(query);
        return { ...page, jobs: page.jobs.map((it) => ({ ...it, heldUntil: undefined })) };
      },
    }),
  },
  ...([["flowId"], ["status"], ["queue"], ["parentId"], ["tags"], ["createdBefore"], ["endedBefore"]] as const).map((
    [name],
  ): BrokenStore => ({
    what: `lists that do not go by ${name}`,
    noticedBy: ["list and count go by flow, status, queue, tags, parent and age, alone and together, page by page"],
    methods: (store) => changeFilters(store, (filter) => ({ ...filter, [name]: undefined })),
  })),
  {
    what: "counts of all jobs",
    noticedBy: ["list and count go by flow, status, queue, tags, parent and age, alone and together, page by page"],
    methods: (store) => ({ count: () => store.count() }),
  },
  {
    what: "an age that is met too early",
    noticedBy: ["list and count go by flow, status, queue, tags, parent and age, alone and together, page by page"],
    methods: (store) =>
      changeFilters(
        store,
        ({ createdBefore = Infinity, ...filter }) => ({ ...filter, createdBefore: createdBefore + 1 }),
      ),
  },
  {
    what: "tags of which one is enough",
    noticedBy: ["list and count go by flow, status, queue, tags, parent and age, alone and together, page by page"],
    methods: (store) =>
      changeFilters(
        store,
        (filter) => ({ ...filter, tags: Object.fromEntries(Object.entries(filter.tags ?? {}).slice(-1)) }),
      ),
  },
  {
    what: "tags that are found by a part of their name",
    noticedBy: ["a tag is found whatever its name and its value"],
    methods: (store) =>
      changeFilters(store, (filter) => {
        const entries = Object.entries(filter.tags ?? {}).map(([name, value]) => [name.split(".", 1).join(), value]);
        return { ...filter, tags: Object.fromEntries(entries) };
      }),
  },
  {
    what: "lists of a moment ago",
    noticedBy: ["list uses the latest head: a job moves from one status to another"],
    methods(store) {
      const pages = new Map<string, JobPage>();
      return {
        async list(query = {}) {
          const page = pages.get(JSON.stringify(query)) ?? await store.list(query);
          pages.set(JSON.stringify(query), page);
          return page;
        },
      };
    },
  },
  {
    what: "a cursor on the last page",
    noticedBy: ["a page has 100 jobs by default, and the last page has no cursor"],
    methods: (store) => ({
      async list(query) {
        const page = await store.list(query);
        return page.jobs.length === query?.limit ? { ...page, cursor: page.cursor ?? "z" } : page;
      },
    }),
  },
  {
    what: "pages without an end",
    noticedBy: ["a page has 100 jobs by default, and the last page has no cursor"],
    methods: (store) => ({ list: (query) => store.list({ limit: Infinity, ...query }) }),
  },
  {
    what: "pages that skip a job",
    noticedBy: ["pages contain each job once when many were created at the same time"],
    methods: (store) => ({
      async list(query = {}) {
        const page = await store.list(query);
        return query.cursor === undefined ? page : { ...page, jobs: page.jobs.slice(1) };
      },
    }),
  },
  {
    what: "lists that always begin with the oldest job",
    noticedBy: ["pages have the newest jobs first when they are asked to, in exactly the reverse order"],
    methods: (store) => ({ list: (query) => store.list({ ...query, newestFirst: false }) }),
  },
  {
    what: "cursors that only their handle knows",
    noticedBy: ["a cursor is text, and works in another handle"],
    methods(store) {
      const cursors: string[] = [];
      return {
        async list({ cursor, ...query } = {}) {
          const { jobs, ...page } = await store.list({ ...query, cursor: cursor && cursors[Number(cursor)] });
          return page.cursor === undefined ? { jobs } : { jobs, cursor: String(cursors.push(page.cursor) - 1) };
        },
      };
    },
  },
  {
    what: "cursors that count",
    noticedBy: ["pages neither skip nor repeat a job while others are created and deleted"],
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
    noticedBy: [
      "pages neither skip nor repeat a job while others are created and deleted",
      "pages of a status contain each job once that keeps the status",
    ],
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
    what: "a purge of all that have ended",
    noticedBy: ["purge deletes jobs that have ended before an instant, with everything that belongs to them"],
    methods: (store) => ({ purge: (query) => store.purge({ ...query, endedBefore: Infinity }) }),
  },
  {
    what: "a purge without a limit",
    noticedBy: ["purge goes by status, and deletes no more than its limit"],
    methods: (store) => ({ purge: (query) => store.purge({ ...query, limit: Infinity }) }),
  },
  {
    what: "a purge of any status",
    noticedBy: ["purge goes by status, and deletes no more than its limit"],
    methods: (store) => ({ purge: (query) => store.purge({ ...query, status: undefined }) }),
  },
  {
    what: "a purge of jobs that somebody may still need",
    noticedBy: [
      "purge leaves alone jobs that have commands which are not consumed, that somebody has claimed, or that are due",
    ],
    methods: (store) => ({
      async purge({ endedBefore }) {
        const ended = (await recordsOf(store)).filter(({ endedAt = Infinity }) => endedAt < endedBefore);
        for (const job of ended) await store.delete(job);
        return ended.length;
      },
    }),
  },
];
