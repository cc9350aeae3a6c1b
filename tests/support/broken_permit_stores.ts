import type { PermitQuery, Store } from "../../src/ports/mod.ts";
import type { BrokenStore } from "./broken_store.ts";
import { turns } from "./broken_store.ts";

const named = (...names: readonly string[]) => names.map((name) => `permit, if the store has it, ${name}`);

const LIMIT = "gives engines no more permits of a queue together than its limit";
const AT_ONCE = "gives no more than the limit to engines that ask at the same time";
const LEASES = "frees the permits of an engine when its lease has ended, for good, or it has left";
const RATE = "lets no more jobs be taken within a span than the rate";
const DEAD = "counts the starts of an engine that has died, as late as they may have been";
const REPEATED = "lets a call that is repeated change nothing more, and one that arrives late nothing at all";
const UNREAD = "lets jobs with commands be taken by a call that was refused, but by none before the last";
const LAST = "lets jobs be taken only by the last call of an engine for the queue";
const OWN = "lets each engine keep to limits of its own, where they state others";
const HIGH = "keeps a high rate, and what it keeps for it stays small";
const REOPENED = "remembers what was taken when the store is opened again";
const WATCH = "tells those who watch when permits are free that were refused before";

/** Makes the change of a call of `permit`. */
function changing(store: Store, change: (query: PermitQuery) => PermitQuery): Partial<Store> {
  return { permit: (query) => permitOf(store, change(query)) };
}

async function permitOf(store: Store, query: PermitQuery) {
  return await store.permit?.(query) ?? { now: query.now, granted: 0, freeAt: undefined };
}

/** Stores that get permits for jobs of queues with limits wrong. */
export const BROKEN_PERMITS: readonly BrokenStore[] = [
  {
    what: "queues without a limit",
    noticedBy: named(LIMIT, AT_ONCE, LEASES, REPEATED),
    methods: (store) => changing(store, (query) => ({ ...query, limits: { rate: query.limits.rate } })),
  },
  {
    what: "limits that hold for each handle alone",
    noticedBy: named(LIMIT, AT_ONCE, OWN, REOPENED),
    methods: (store, handle) => changing(store, (query) => ({ ...query, queue: `${query.queue} ${handle}` })),
  },
  {
    what: "permits that are counted before others are given",
    noticedBy: named(AT_ONCE),
    methods(store) {
      let given = 0;
      return {
        async permit(query) {
          const { globalConcurrency = Infinity } = query.limits;
          const granted = Math.min(query.wanted, Math.max(0, globalConcurrency - given));
          await turns(3);
          given += granted;
          return await permitOf(store, { ...query, limits: {} });
        },
      };
    },
  },
  {
    what: "permits that the dead keep",
    noticedBy: named(LEASES, DEAD),
    methods: (store) => changing(store, (query) => ({ ...query, now: 10_000 })),
  },
  {
    what: "queues without a rate",
    noticedBy: named(AT_ONCE, RATE, DEAD, OWN, HIGH, REOPENED),
    methods(store) {
      return changing(
        store,
        ({ limits: { globalConcurrency }, ...query }) => ({ ...query, limits: { globalConcurrency } }),
      );
    },
  },
  {
    what: "permits that count as starts when they were not used",
    noticedBy: named(RATE),
    methods: (store) => changing(store, (query) => ({ ...query, started: Infinity })),
  },
  {
    what: "permits that count as starts only when it is said that they were used",
    noticedBy: named(RATE, DEAD),
    methods: (store) => ({
      async permit(query) {
        const answer = await permitOf(store, { ...query, call: query.call * 2 });
        const kept = query.kept + answer.granted;
        await permitOf(store, { ...query, call: query.call * 2 + 1, kept, started: 0, wanted: 0 });
        return answer;
      },
    }),
  },
  {
    what: "calls that are carried out twice, or late",
    noticedBy: named(REPEATED),
    methods(store) {
      let calls = 0;
      return changing(store, (query) => ({ ...query, call: ++calls }));
    },
  },
  {
    what: "jobs that are taken by any call",
    noticedBy: named(LAST),
    methods: (store) => ({ take: (query) => store.take({ ...query, permit: undefined }) }),
  },
  {
    what: "jobs with commands that are taken by any call",
    noticedBy: named(UNREAD),
    methods: (store) => ({
      take: (query) => store.take({ ...query, permit: query.unread === true ? undefined : query.permit }),
    }),
  },
  {
    what: "jobs with commands that are taken only by permits that were given",
    noticedBy: named(UNREAD),
    methods(store) {
      let given = 0;
      return {
        async permit(query) {
          const answer = await permitOf(store, query);
          if (answer.granted > 0) given = query.call;
          return answer;
        },
        take: async (query) =>
          query.permit !== undefined && query.permit.call !== given
            ? await store.take({ ...query, flows: [] })
            : await store.take(query),
      };
    },
  },
  {
    what: "the limits of whoever has asked first",
    noticedBy: named(OWN),
    methods(store) {
      let limits: PermitQuery["limits"] | undefined;
      return changing(store, (query) => ({ ...query, limits: limits ??= query.limits }));
    },
  },
  {
    what: "high rates that are not used",
    noticedBy: named(HIGH),
    methods: (store) =>
      changing(store, (query) => {
        const { rate, ...limits } = query.limits;
        return { ...query, limits: { ...limits, rate: rate && { ...rate, count: Math.min(rate.count, 900) } } };
      }),
  },
  {
    what: "permits that become free, and nobody is told",
    noticedBy: named(WATCH),
    methods(store) {
      const { watch } = store;
      return {
        watch: (onEvent) =>
          watch?.((event) => void (event.type === "due" && event.at <= 10_000 || onEvent(event))) ?? (() => {}),
      };
    },
  },
];
