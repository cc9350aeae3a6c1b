import { type ActorRef, createActor, createMachine, fromTransition, type Snapshot } from "xstate";

/** The event of an item. */
export interface ItemEvent<T> {
  readonly type: "item";
  readonly item: T;
}

/** An actor that takes items. */
export type Target<T> = ActorRef<Snapshot<unknown>, ItemEvent<T>>;

/** What makes an actor of a function. */
export type StartActor = <T>(handle: (item: T) => void) => Target<T>;

/** Starts a machine which handles items by an action. */
export function startMachine<T>(handle: (item: T) => void): Target<T> {
  const machine = createMachine({
    types: {} as { events: ItemEvent<T> },
    on: { item: { actions: ({ event }) => handle(event.item) } },
  });
  return createActor(machine).start();
}

/** Starts an actor without states, which handles items by its transition. */
export function startTransition<T>(handle: (item: T) => void): Target<T> {
  const logic = fromTransition((state: null, { item }: ItemEvent<T>) => {
    handle(item);
    return state;
  }, null);
  return createActor(logic).start();
}
