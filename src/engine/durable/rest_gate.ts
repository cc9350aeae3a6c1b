/** Tells when a job has come to rest, or is let go of: a command waits until the one before it has had its effect. */
export class RestGate {
  /** Resolves when the commit by which the job comes to rest is stored, or never will be; `undefined` while none is being stored. */
  passed: Promise<void> | undefined;
  #open: (() => void) | undefined;
  /** How many such commits are being stored: a job at rest may take deliveries. */
  #count = 0;

  /** A commit by which the job rests has been handed in. */
  close(): void {
    this.#count++;
    this.passed ??= new Promise((resolve) => this.#open = resolve);
  }

  /** Such a commit is stored. */
  open(): void {
    if (--this.#count === 0) this.openAll();
  }

  /** None of them will be stored any more. */
  openAll(): void {
    this.#count = 0;
    this.passed = undefined;
    this.#open?.();
  }
}
