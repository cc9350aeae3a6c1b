import { type Actor, type AnyActorRef, createActor, enqueueActions, setup } from "xstate";
import { type Payload, payload } from "../../harness/payload.ts";

const task = setup({
  types: { context: {} as { readonly item: Payload }, input: {} as Payload },
}).createMachine({
  context: ({ input }) => ({ item: input }),
  initial: "pending",
  states: { pending: { on: { go: "done" } }, done: { type: "final" } },
});

const job = setup({
  types: { events: {} as { readonly type: "fill"; readonly count: number } },
  actors: { task },
}).createMachine({
  on: {
    fill: {
      actions: enqueueActions(({ enqueue, event: { count } }) => {
        for (let v = 0; v < count; v++) enqueue.spawnChild("task", { id: `task-${v}`, input: payload(v) });
      }),
    },
  },
});

/** A running job. */
export type JobActor = Actor<typeof job>;

/** Starts a job which has an actor for each pending item. */
export function startJob(count: number): JobActor {
  const actor = createActor(job).start();
  actor.send({ type: "fill", count });
  return actor;
}

/** The job as a text. */
export function writeJob(actor: JobActor): string {
  return JSON.stringify(actor.getPersistedSnapshot());
}

/** A running job like that which was written. */
export function readJob(text: string): JobActor {
  return createActor(job, { snapshot: JSON.parse(text) }).start();
}

/** The sum of all pending items. */
export function sumOf(actor: JobActor): number {
  const children: readonly (AnyActorRef | undefined)[] = Object.values(actor.getSnapshot().children);
  return children.reduce((sum, child) => sum + Number(child?.getSnapshot().context.item.v), 0);
}
