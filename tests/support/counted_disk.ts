import { MemoryDisk } from "./memory_disk.ts";

/** A disk that counts the bytes that are read from it, and those of whole files again each time a search looks at them. */
export class CountedDisk extends MemoryDisk {
  /** How many bytes have been looked at. */
  bytes = 0;

  override readFileSync(path: string): Uint8Array {
    const bytes = new CountedBytes(super.readFileSync(path));
    counters.set(bytes.buffer, (count) => void (this.bytes += count));
    this.bytes += bytes.length;
    return bytes;
  }

  override readSync(file: number, into: Uint8Array, offset: number, length: number, position: number): number {
    const read = super.readSync(file, into, offset, length, position);
    this.bytes += read;
    return read;
  }
}

/** By memory: parts of counted bytes share it. */
const counters = new WeakMap<ArrayBufferLike, (count: number) => void>();

/** Bytes that count how many of them are searched, or are passed on to be read, as a part. */
class CountedBytes extends Uint8Array {
  override indexOf(byte: number, from = 0): number {
    const found = super.indexOf(byte, from);
    this.#count((found < 0 ? this.length : found) - from);
    return found;
  }

  override subarray(from?: number, to?: number): Uint8Array<ArrayBuffer> {
    const part = super.subarray(from, to);
    this.#count(part.length);
    return part as Uint8Array<ArrayBuffer>;
  }

  #count(bytes: number): void {
    counters.get(this.buffer)?.(bytes);
  }
}
