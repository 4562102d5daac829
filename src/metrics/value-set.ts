import { hash } from "node:crypto";

/** The most values that one set keeps: with them it takes 64 MiB. */
export const MOST_VALUES = 5_000_000;

/** Tables of a set, by the first byte of a hash: one alone grows at a time, in less than a millisecond. */
const PARTS = 256;
const SMALLEST = 32;

/** 64 bits of a value's SHA-256, as two numbers. */
export interface ValueHash {
  high: number;
  low: number;
}

/**
 * The hash that stands for a JSON value. That two different values of n have the same one has a chance of about n² / 2^65:
 * of 5 million values, less than one in a million.
 */
export function hashOf(value: unknown): ValueHash {
  const bytes = hash("sha256", JSON.stringify(value), "buffer");
  const low = bytes.readUInt32LE(4);
  // A slot of two zeros is an empty one.
  return { high: bytes.readUInt32LE(0), low: low === 0 ? 1 : low };
}

/**
 * Which values have come: exactly, but for two of the same hash, and in bounded memory. Open addressing with linear probing
 * (Knuth, "The Art of Computer Programming", 6.4, algorithm L).
 */
export class ValueSet {
  readonly #parts: Part[] = Array.from({ length: PARTS }, () => new Part());
  readonly #most: number;
  #size = 0;

  constructor(most = MOST_VALUES) {
    this.#most = most;
  }

  /** `unchecked` where the set is full and does not know it. */
  add({ high, low }: ValueHash): "new" | "duplicate" | "unchecked" {
    const part = this.#parts[high % PARTS] as Part;
    if (part.has(high, low)) return "duplicate";
    if (this.#size >= this.#most) return "unchecked";
    part.add(high, low);
    this.#size++;
    return "new";
  }
}

class Part {
  /** High and low of each slot. */
  #slots = new Uint32Array(2 * SMALLEST);
  #size = 0;

  has(high: number, low: number): boolean {
    const at = this.#find(high, low);
    return this.#slots[at + 1] !== 0;
  }

  /** It must not be there. */
  add(high: number, low: number): void {
    if (this.#size * 8 >= this.#slots.length * 3) this.#grow();
    this.#put(high, low);
    this.#size++;
  }

  #put(high: number, low: number): void {
    const at = this.#find(high, low);
    this.#slots[at] = high;
    this.#slots[at + 1] = low;
  }

  /** Where it is, or the empty slot where it would be. */
  #find(high: number, low: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (low * 2) & mask;
    // The low half of a slot in use is never 0.
    while (slots[at + 1] !== 0 && (slots[at] !== high || slots[at + 1] !== low)) at = (at + 2) & mask;
    return at;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += 2) {
      if (before[at + 1] !== 0) this.#put(before[at] as number, before[at + 1] as number);
    }
  }
}
