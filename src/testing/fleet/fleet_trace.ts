/** What has happened in a fleet, one line per event: written only when somebody will read it. */
export class FleetTrace {
  /** The lines. */
  readonly lines: string[] = [];
  readonly #isKept: boolean;

  /** Makes a trace whose lines are kept, or not. */
  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  /** Adds a line; `describe` is called only if it is kept. */
  add(describe: () => string): void {
    if (this.#isKept) this.lines.push(describe());
  }
}
