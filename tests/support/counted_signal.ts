/** An abort signal that counts its listeners. */
export interface CountedSignal {
  readonly controller: AbortController;
  readonly signal: AbortSignal;
  readonly listeners: ReadonlySet<unknown>;
}

/** Makes a signal without listeners. */
export function createCountedSignal(): CountedSignal {
  const controller = new AbortController();
  const { signal } = controller;
  return { controller, signal, listeners: countListeners(signal) };
}

/** The listeners that a signal has from now on. */
export function countListeners(signal: AbortSignal): ReadonlySet<unknown> {
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.delete(args[1]);
    remove(...args);
  };
  return listeners;
}
