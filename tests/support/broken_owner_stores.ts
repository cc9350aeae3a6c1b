import { FencedError } from "../../src/base/errors.ts";
import type { Store } from "../../src/ports/mod.ts";
import { type BrokenStore, turns } from "./broken_store.ts";

/** Methods that leave for the present incarnation of a name, in addition to or instead of the one that leaves. */
function leavePresent(store: Store, leavesAlone: boolean): Partial<Store> {
  const present = new Map<string, number>();
  return {
    async enter(query) {
      const answer = await store.enter(query);
      if (answer.incarnation !== undefined) present.set(query.owner, answer.incarnation);
      return answer;
    },
    async leave({ owner, incarnation }) {
      if (!leavesAlone) await store.leave({ owner, incarnation });
      await store.leave({ owner, incarnation: present.get(owner) ?? incarnation });
    },
  };
}

/** Stores that get owners and their leases wrong. */
export const BROKEN_OWNERS: readonly BrokenStore[] = [
  {
    what: "incarnations that are counted for each name",
    noticedBy: ["each incarnation has a number that no other one has, whatever its name"],
    methods() {
      const counts = new Map<string, number>();
      return {
        enter({ owner, now }) {
          const incarnation = (counts.get(owner) ?? 0) + 1;
          counts.set(owner, incarnation);
          return { now, incarnation };
        },
      };
    },
  },
  {
    what: "leases that are renewed after their end",
    noticedBy: ["a lease lasts from enter and from each renewal on, and a lease that has ended is not renewed"],
    methods: (store) => ({ renew: async (owner, ...rest) => ({ ...await store.renew(owner, ...rest), isHeld: true }) }),
  },
  {
    what: "leases that a slower clock revives",
    noticedBy: ["a lease that was found to have ended, by whoever's clock, is not renewed by one that is behind"],
    methods(store) {
      const untils = new Map<number, number>();
      return {
        async enter(query) {
          const answer = await store.enter(query);
          if (answer.incarnation !== undefined) untils.set(answer.incarnation, query.now + query.leaseMs);
          return answer;
        },
        async renew(owner, leaseMs, now) {
          const { isHeld } = await store.renew(owner, leaseMs, now);
          return { now, isHeld: isHeld || now < (untils.get(owner.incarnation) ?? 0) };
        },
      };
    },
  },
  {
    what: "leases that last too long",
    noticedBy: ["a lease lasts from enter and from each renewal on, and a lease that has ended is not renewed"],
    methods: (store) => ({ enter: (query) => store.enter({ ...query, leaseMs: query.leaseMs + 1 }) }),
  },
  {
    what: "renewals that are answered and not made",
    noticedBy: [
      "a lease lasts from enter and from each renewal on, and a lease that has ended is not renewed",
      "nextDueAt is the end of the lease of a job that is held, whatever else it has",
    ],
    methods: () => ({ renew: (_owner, _leaseMs, now) => ({ now, isHeld: true }) }),
  },
  {
    what: "leases that never become shorter",
    noticedBy: ["a lease can be renewed for a shorter time"],
    methods: (store) => ({ renew: (owner, leaseMs, now) => store.renew(owner, Math.max(leaseMs, 1_000), now) }),
  },
  {
    what: "calls of enter whose tokens are forgotten",
    noticedBy: [
      "an enter that is repeated with its token gives the same incarnation, and renews its lease",
      "an engine that enters again is refused when another has entered under its name since",
    ],
    methods(store) {
      let calls = 0;
      return { enter: (query) => store.enter({ ...query, token: `${query.token} ${++calls}` }) };
    },
  },
  {
    what: "incarnations that always take over",
    noticedBy: [
      "a new incarnation ends the right of the former one to renew; the former jobs are free when its lease has ended",
      "claim of a job that another one holds is refused until that one's lease has ended",
    ],
    methods: (store) => ({ enter: (query) => store.enter({ ...query, takesOver: true }) }),
  },
  {
    what: "incarnations that never take over",
    noticedBy: ["an incarnation that takes over frees the jobs of all former ones at once"],
    methods: (store) => ({ enter: (query) => store.enter({ ...query, takesOver: false }) }),
  },
  {
    what: "a fence by the lease",
    noticedBy: ["a former incarnation may still write its jobs until they are claimed anew"],
    methods: (store) => ({
      async append(claim, revision, ...rest) {
        const record = await store.find(claim.jobId);
        if (record?.owner !== undefined && record.heldUntil === undefined) {
          throw new FencedError(claim.jobId, revision, record.revision);
        }
        return await store.append(claim, revision, ...rest);
      },
    }),
  },
  {
    what: "a leave that changes nothing",
    noticedBy: [
      "leave frees the jobs of an incarnation at once, and of no other one",
      "claim claims a job of the given epoch that nobody holds, due or not, and returns it whole",
    ],
    methods: () => ({ leave: () => {} }),
  },
  {
    what: "a leave by name alone",
    noticedBy: ["leave frees the jobs of an incarnation at once, and of no other one"],
    methods: (store) => leavePresent(store, true),
  },
  {
    what: "a leave of a former incarnation that ends the present lease, too",
    noticedBy: ["leave of a former incarnation frees its jobs, and leaves the present one its lease"],
    methods: (store) => leavePresent(store, false),
  },
  {
    what: "engines that may enter again whoever has entered since",
    noticedBy: ["an engine that enters again is refused when another has entered under its name since"],
    methods: (store) => ({ enter: (query) => store.enter({ ...query, again: undefined }) }),
  },
  {
    what: "owners that are forgotten a minute after the end of their lease",
    noticedBy: ["an owner is remembered for a day after its leases have ended, and jobs of a forgotten one are due"],
    methods: (store) => ({
      enter: (query) => store.enter(query.now > 60_000 ? { ...query, again: undefined } : query),
    }),
  },
  {
    what: "survivors that only their handle knows",
    noticedBy: ["the store remembers which incarnations have survived the loss of their lease"],
    methods(store) {
      const survived: number[] = [];
      return {
        enter(query) {
          if (query.again !== undefined) survived.push(query.again);
          return store.enter(query);
        },
        take: async (query) => ({ ...await store.take(query), survived }),
        claim: async (query) => ({ ...await store.claim(query), survived }),
      };
    },
  },
  {
    what: "owners that only their handle knows",
    noticedBy: ["owners survive closing and reopening the store", "one handle sees what another has stored"],
    methods(store) {
      const names = new Set<string>();
      return {
        enter(query) {
          names.add(query.owner);
          return store.enter(query);
        },
        renew: (owner, leaseMs, now) =>
          names.has(owner.owner) ? store.renew(owner, leaseMs, now) : { now, isHeld: false },
      };
    },
  },
  {
    what: "jobs for anybody who asks",
    noticedBy: ["an incarnation whose lease has ended, or that is not the present one, takes and claims nothing"],
    methods: (store) => ({
      async take(query) {
        const { now } = query;
        const guest = { owner: "guest", leaseMs: 1, now, token: `at ${now}`, takesOver: false };
        const { incarnation = 0 } = await store.enter(guest);
        const answer = await store.take(query);
        return answer.jobs.length > 0 ? answer : await store.take({ ...query, owner: "guest", incarnation });
      },
    }),
  },
  {
    what: "incarnations that are counted a moment later",
    noticedBy: ["of engines that enter under one name at the same time each gets an incarnation, and one may renew"],
    methods(store) {
      let count = 0;
      return {
        async enter(query) {
          const incarnation = count + 1;
          await turns(3);
          count = incarnation;
          return { ...await store.enter(query), incarnation };
        },
      };
    },
  },
];
