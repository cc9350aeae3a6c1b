/** A key that seals. */
export interface SealingKey {
  /** Its name, which each sealed text bears: 1 to 64 letters, digits, `-` and `_`. */
  readonly id: string;
  /** 32 random bytes. */
  readonly key: Uint8Array;
}
