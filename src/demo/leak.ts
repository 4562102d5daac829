/** What it keeps at most: a leak that was forgotten must not take the machine. */
const maxBytes = 2 ** 30;

/** Memory that each request leaves behind: k KiB at X requests a second grow by k × X KiB a second, up to 1 GiB. */
export class Leak {
  readonly #bytesEach: number;
  readonly #kept: Buffer[] = [];
  #bytes = 0;

  constructor(kilobytesEach: number) {
    this.#bytesEach = kilobytesEach * 1024;
  }

  get bytes(): number {
    return this.#bytes;
  }

  drip(): void {
    if (this.#bytesEach === 0 || this.#bytes + this.#bytesEach > maxBytes) return;
    // Filled, or the operating system would not give its pages.
    this.#kept.push(Buffer.alloc(this.#bytesEach, 1));
    this.#bytes += this.#bytesEach;
  }
}
