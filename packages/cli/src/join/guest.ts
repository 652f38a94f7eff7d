/** One member of `tutti join` as its agent tells of it. */
import type { MemberEnd } from '@tutti/protocol';
import type { HeldProcess } from '../lab/held-process.ts';
import { parseLine, STOP } from './words.ts';

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export class Guest {
  /** Of its machine. */
  readonly name: string;
  /** Of its agent. */
  readonly id: string;
  readonly #connected = Promise.withResolvers<HeldProcess>();
  readonly #shipped = Promise.withResolvers<void>();
  readonly #idle = Promise.withResolvers<void>();
  #onStart: (output: Output) => void = () => {};
  #started: Output | undefined;
  #end: MemberEnd | undefined;

  constructor(name: string, id: string) {
    this.name = name;
    this.id = id;
  }

  /** Undefined until it has ended. */
  get end(): MemberEnd | undefined {
    return this.#end;
  }

  get started(): boolean {
    return this.#started !== undefined;
  }

  /** The master has all of it. */
  get shipped(): Promise<void> {
    return this.#shipped.promise;
  }

  /** Told where its output is when it starts, or at once if it has. */
  onStart(listener: (output: Output) => void): void {
    this.#onStart = listener;
    if (this.#started) listener(this.#started);
  }

  /** Ends it if it runs; resolves when it does not, and all that was to be told of it until then has been. */
  async stop(): Promise<void> {
    const held = await this.#connected.promise;
    await held.tell(STOP);
    await this.#idle.promise;
  }

  listen(held: HeldProcess): void {
    this.#connected.resolve(held);
    void this.#listen(held);
  }

  async #listen(held: HeldProcess): Promise<void> {
    for (;;) {
      const said = parseLine(await held.line());
      switch (said?.is) {
        case 'start':
          this.#started = said;
          this.#onStart(said);
          break;
        case 'end':
          this.#end = said.end;
          break;
        case 'shipped':
          this.#shipped.resolve();
          break;
        case 'idle':
          this.#idle.resolve();
          break;
        case undefined:
          break;
      }
    }
  }
}
