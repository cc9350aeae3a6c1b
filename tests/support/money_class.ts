/** A user's class that is serialized as a number. */
export class Money {
  cents = 0;
  static fromJSON(json: unknown): Money {
    return Object.assign(new Money(), { cents: json });
  }
  toJSON(): unknown {
    return this.cents;
  }
  format(): string {
    return `${this.cents / 100} €`;
  }
}

/** Makes an amount of money. */
export function money(cents: number): Money {
  return Object.assign(new Money(), { cents });
}
