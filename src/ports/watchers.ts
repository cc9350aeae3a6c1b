/** Those who watch a store for commands. */
export class Watchers {
  readonly #callbacks: Set<(jobId: string) => void> = new Set();

  /** Calls back with the id of each job that is told of, until told to stop. */
  watch(onCommand: (jobId: string) => void): () => void {
    // Under an entry of its own: the same callback may be given twice.
    const callback = (jobId: string) => onCommand(jobId);
    this.#callbacks.add(callback);
    return () => void this.#callbacks.delete(callback);
  }

  /** A command has been sent to a job. */
  tell(jobId: string): void {
    for (const callback of [...this.#callbacks]) callback(jobId);
  }
}
