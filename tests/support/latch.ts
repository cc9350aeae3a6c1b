/** A promise that the test resolves by calling `open`; handlers wait for it. */
export interface Latch {
  readonly passed: Promise<void>;
  open(): void;
}

/** Makes a closed latch. */
export function createLatch(): Latch {
  let open = () => {};
  const passed = new Promise<void>((resolve) => open = resolve);
  return { passed, open };
}
