/**
 * Keys on their way to the prompt. While something is being carried out they wait, in their order, so that a line that was
 * typed ahead is read when it is its turn; Ctrl-C alone does not wait.
 */
import { PassThrough } from 'node:stream';
import type { Keyboard as Borrowed } from '../on-node/attach.ts';

export interface Keyboard {
  on(event: 'data', listener: (bytes: Buffer) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  setRawMode?(raw: boolean): unknown;
  readonly isRaw?: boolean;
}

export interface HeldInputOptions {
  readonly keyboard: Keyboard;
  /** Something is being carried out. */
  readonly isBusy: () => boolean;
  /** Ctrl-C; true when that was for something else than the line that is being typed. */
  readonly interrupt: () => boolean;
}

/** Nobody types more ahead; what is pasted beyond is lost, with a bell. */
const MOST_HELD = 64 * 1024;
const CTRL_C = 3;
const LINE_ENDS = new Set([10, 13]);

export class HeldInput extends PassThrough {
  readonly isTTY = true;
  readonly #options: HeldInputOptions;
  #held = Buffer.alloc(0);
  #ended = false;
  #passing = false;
  #borrower: ((bytes: Buffer) => void) | undefined;

  constructor(options: HeldInputOptions) {
    super();
    this.#options = options;
    const { keyboard } = options;
    keyboard.on('data', (bytes) => this.#typed(bytes));
    keyboard.on('end', () => {
      this.#ended = true;
      this.released();
    });
  }

  get isRaw(): boolean {
    return this.#options.keyboard.isRaw === true;
  }

  setRawMode(raw: boolean): this {
    this.#options.keyboard.setRawMode?.(raw);
    return this;
  }

  /** Nothing is being carried out any more. */
  released(): void {
    if (!this.#passing) void this.#pass();
  }

  /** Somebody else gets the keys, for as long as they are listened to. The prompt has made the terminal raw already. */
  lend(): Borrowed {
    return {
      isRaw: true,
      setRawMode: () => {},
      resume: () => {},
      pause: () => {},
      on: (_event, listener) => {
        this.#borrower = listener;
      },
      off: () => {
        this.#borrower = undefined;
      },
    };
  }

  #typed(bytes: Buffer): void {
    if (this.#borrower !== undefined) {
      this.#borrower(bytes);
      return;
    }
    // A Ctrl-C makes room by itself.
    if (this.#held.byteLength + bytes.byteLength > MOST_HELD && !bytes.includes(CTRL_C)) return;
    this.#held = Buffer.concat([this.#held, bytes]);
    this.released();
  }

  /** A line at a time: what it begins may take its time. */
  async #pass(): Promise<void> {
    const { isBusy, interrupt } = this.#options;
    this.#passing = true;
    try {
      while (this.#held.byteLength > 0) {
        const at = this.#held.indexOf(CTRL_C);
        if (isBusy()) {
          if (at < 0) return;
          // What was typed before it is not wanted any more.
          this.#held = this.#held.subarray(at + 1);
          interrupt();
          continue;
        }
        if (at === 0 && interrupt()) {
          this.#held = this.#held.subarray(1);
          continue;
        }
        this.push(this.#next());
        // It reaches its reader, who may begin something, in this turn of the event loop.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      this.#passing = false;
    }
    if (this.#ended && !isBusy()) this.push(null);
  }

  /** The rest of a line with its end, or a Ctrl-C. */
  #next(): Buffer {
    const ends = this.#held.findIndex((byte) => LINE_ENDS.has(byte));
    const line = ends < 0 ? this.#held.byteLength : ends + 1;
    const stop = this.#held.indexOf(CTRL_C);
    const length = stop === 0 ? 1 : stop > 0 ? Math.min(stop, line) : line;
    const next = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return next;
  }
}
