import { FencedError, type ReplacedFlow, type Store, type StoredJob } from "../../src/ports/mod.ts";
import { HEAD } from "../../src/testing/store_contract/sample_jobs.ts";
import { type BrokenStore, turns } from "./broken_store.ts";

type Replace = NonNullable<Store["replaceFlow"]>;

/** What a good store does. */
function replaceIn(store: Store): Replace {
  if (store.replaceFlow === undefined) throw new Error("The store has no replaceFlow");
  return store.replaceFlow;
}

async function loaded(store: Store, jobId: string): Promise<StoredJob> {
  const stored = await store.load(jobId);
  if (stored === undefined) throw new FencedError(jobId, undefined, undefined);
  return stored;
}

function documentsOf({ flow, snapshot, record: { flowHash } }: StoredJob): ReplacedFlow {
  return { flow, flowHash, snapshot };
}

const named = (name: string): string => `replaceFlow, if the store has it, ${name}`;

/** Stores that give jobs other flows, and get that wrong. */
export const BROKEN_FLOWS: readonly BrokenStore[] = [
  {
    what: "a flow that is replaced without its hash",
    noticedBy: [
      named("gives a job another flow with its hash and document, and drops all entries"),
      named("has the job found by its new hash, whatever it is due for"),
      named("of a job that waits has it found by its new hash"),
    ],
    methods: (store) => ({
      async replaceFlow(claim, revision, replaced) {
        const { record: { flowHash } } = await loaded(store, claim.jobId);
        await replaceIn(store)(claim, revision, { ...replaced, flowHash });
      },
    }),
  },
  {
    what: "a snapshot that is replaced only when there are entries before it",
    noticedBy: [named("of a job without entries replaces the snapshot of its creation")],
    methods: (store) => ({
      async replaceFlow(claim, revision, replaced) {
        const { snapshot, snapshotRevision } = await loaded(store, claim.jobId);
        const next = revision === snapshotRevision ? snapshot : replaced.snapshot;
        await replaceIn(store)(claim, revision, { ...replaced, snapshot: next });
      },
    }),
  },
  {
    what: "a flow that is replaced once only",
    noticedBy: [named("may be done again, and with another flow")],
    methods: (store) => {
      const done = new Set<number>();
      return {
        async replaceFlow(claim, revision, replaced) {
          if (done.has(claim.life)) throw new FencedError(claim.jobId, revision, revision);
          await replaceIn(store)(claim, revision, replaced);
          done.add(claim.life);
        },
      };
    },
  },
  {
    what: "a flow that is replaced for all of its jobs",
    noticedBy: [named("changes no other job of the flow that was before")],
    methods: (store) => {
      const flows = new Map<string, string>();
      return {
        async replaceFlow(claim, revision, replaced) {
          flows.set((await loaded(store, claim.jobId)).flow, replaced.flow);
          await replaceIn(store)(claim, revision, replaced);
        },
        async load(jobId) {
          const stored = await store.load(jobId);
          return stored && { ...stored, flow: flows.get(stored.flow) ?? stored.flow };
        },
      };
    },
  },
  {
    what: "a flow that is dropped with the first of its jobs that has another",
    noticedBy: [named("changes no other job of the flow that was before")],
    methods: (store) => {
      const dropped = new Set<string>();
      return {
        async replaceFlow(claim, revision, replaced) {
          dropped.add((await loaded(store, claim.jobId)).flow);
          await replaceIn(store)(claim, revision, replaced);
        },
        async load(jobId) {
          const stored = await store.load(jobId);
          return stored && { ...stored, flow: dropped.has(stored.flow) ? "" : stored.flow };
        },
      };
    },
  },
  {
    what: "an inbox that is emptied with the journal",
    noticedBy: [named("keeps the inbox, its keys, and the claim")],
    methods: (store) => ({
      async replaceFlow(claim, revision, replaced) {
        const { record: { sent } } = await loaded(store, claim.jobId);
        await replaceIn(store)(claim, revision, replaced);
        await store.append(claim, revision, [], { ...HEAD, consumed: sent });
      },
    }),
  },
  {
    what: "an index that keeps the hash of before",
    noticedBy: [
      named("has the job found by its new hash, whatever it is due for"),
      named("of a job that waits has it found by its new hash"),
      named("survives closing and reopening the store"),
    ],
    methods: (store) => {
      // All jobs of these cases have one hash before, and another one afterwards.
      const former = (hashes: ReadonlySet<string> = new Set()) =>
        new Set(Array.from(hashes, (hash) => hash === "hash" ? "second" : ""));
      return {
        take: (query) => store.take({ ...query, exceptFlows: former(query.exceptFlows) }),
        nextDueAt: (query) => store.nextDueAt({ ...query, exceptFlows: former(query.exceptFlows) }),
      };
    },
  },
  {
    what: "a flow that anybody may replace",
    noticedBy: [named("is refused to a former owner, at a wrong revision or epoch, and of a job that is gone")],
    methods: (store) => ({
      async replaceFlow(claim, _revision, replaced) {
        const { record } = await loaded(store, claim.jobId);
        await replaceIn(store)(record, record.revision, replaced);
      },
    }),
  },
  {
    what: "a flow that is replaced after its owner has let go",
    noticedBy: [named("is refused to a former owner, at a wrong revision or epoch, and of a job that is gone")],
    methods: (store) => ({
      async replaceFlow(claim, revision, replaced) {
        const { record: { owner, epoch } } = await loaded(store, claim.jobId);
        if (owner !== undefined || epoch !== claim.epoch) await replaceIn(store)(claim, revision, replaced);
      },
    }),
  },
  {
    what: "a snapshot of before that comes after the flow",
    noticedBy: [named("is not undone by a snapshot that comes late")],
    methods: (store) => ({
      async compact(life, revision, snapshot) {
        const stored = await store.load(life.jobId);
        if (stored === undefined || stored.snapshotRevision < revision) {
          return await store.compact(life, revision, snapshot);
        }
        await replaceIn(store)(stored.record, stored.record.revision, { ...documentsOf(stored), snapshot });
      },
    }),
  },
  {
    what: "a flow that is replaced in the memory of one process",
    noticedBy: [
      named("survives closing and reopening the store"),
      named("gives a job another flow with its hash and document, and drops all entries"),
    ],
    methods: (store) => {
      const replacedFlows = new Map<number, ReplacedFlow>();
      return {
        replaceFlow: (claim, _revision, replaced) => void replacedFlows.set(claim.life, replaced),
        async load(jobId) {
          const stored = await store.load(jobId);
          const replaced = stored && replacedFlows.get(stored.record.life);
          if (stored === undefined || replaced === undefined) return stored;
          const { flowHash, ...documents } = replaced;
          return { ...stored, ...documents, record: { ...stored.record, flowHash } };
        },
      };
    },
  },
  {
    what: "a flow that is cut",
    noticedBy: [named("takes long texts, and those with odd characters")],
    methods: (store) => ({
      replaceFlow: (claim, revision, replaced) =>
        replaceIn(store)(claim, revision, { ...replaced, flow: replaced.flow.slice(0, 1_000_000) }),
    }),
  },
  {
    what: "a flow that is replaced in two steps",
    noticedBy: [named("is whole when several ask at the same time")],
    methods: (store, handle) => ({
      async replaceFlow(claim, revision, replaced) {
        const { flow, flowHash, snapshot } = replaced;
        const steps: readonly Partial<ReplacedFlow>[] = [{ snapshot }, { flow, flowHash }];
        for (const step of handle === 0 ? steps : steps.toReversed()) {
          await turns(handle * 3);
          await replaceIn(store)(claim, revision, { ...documentsOf(await loaded(store, claim.jobId)), ...step });
          await turns(8);
        }
      },
    }),
  },
];
