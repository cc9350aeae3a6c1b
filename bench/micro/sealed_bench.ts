import type { Store } from "@routilux/routilux/store";
import { memoryStore } from "@routilux/routilux/stores/memory";
import { sealedStore } from "@routilux/routilux/stores/sealed";
import { bench } from "./bench.ts";

// What sealing costs an append and a load, over a store that costs nearly nothing.

const APPENDS = 1_000;
const ENTRY = JSON.stringify({ format: "routilux/commit", data: "x".repeat(400) });
const JOB = {
  jobId: "job",
  token: "token",
  createdAt: 0,
  flowId: "flow",
  flowHash: "hash",
  queue: "default",
  priority: 1,
  tags: {},
  parentId: undefined,
  status: "running",
  dueAt: undefined,
  endedAt: undefined,
  flow: "{}",
  snapshot: "{}",
} as const;

async function run(store: Store): Promise<void> {
  const { incarnation = 0 } = await store.enter({ owner: "a", leaseMs: 1_000, now: 0, token: "t", takesOver: false });
  const [made] = await store.create([{ ...JOB, claim: { owner: "a", incarnation } }]);
  const claim = { jobId: "job", life: made?.record.life ?? 0, epoch: 1 };
  for (let i = 0; i < APPENDS; i++) await store.append(claim, i, [ENTRY]);
  const stored = await store.load("job");
  if (stored?.entries.at(-1) !== ENTRY) throw new Error("The journal is wrong");
}

const keys = [{ id: "key", key: new Uint8Array(32) }];

bench("1,000 appends and a load", { group: "sealed", baseline: true }, async () => void await run(memoryStore()));
bench("the same, sealed", { group: "sealed" }, async () => void await run(sealedStore(memoryStore(), { keys })));
