/** The host's source of chance: ids of flows and jobs are all that needs it. */
export interface Entropy {
  /** A new id that no other call on any host gives: a UUID, unless a test says otherwise. */
  id(): string;
}
