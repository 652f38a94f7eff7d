/** What the members of one `tutti join` write, as it comes: one member's bytes unchanged, several members' lines by member. */
import { TuttiError } from '@tutti/protocol';
import { note } from '../connect.ts';
import { paletteFor } from '../progress/palette.ts';
import type { Guest } from './guest.ts';
import { PrefixedOutput, plainly, type Show, Tail } from './output.ts';

type Stream = 'stdout' | 'stderr';
const STREAMS: readonly Stream[] = ['stdout', 'stderr'];

export class Screen {
  readonly #guests: readonly Guest[];
  readonly #tails: Tail[] = [];
  readonly #opening: Promise<void>[] = [];
  readonly #prefixed: Record<Stream, PrefixedOutput> | undefined;

  constructor(guests: readonly Guest[]) {
    this.#guests = guests;
    if (guests.length > 1)
      this.#prefixed = {
        stdout: new PrefixedOutput(process.stdout, paletteFor(process.stdout.isTTY, process.env)),
        stderr: new PrefixedOutput(process.stderr, paletteFor(process.stderr.isTTY, process.env)),
      };
  }

  /** `members`: what each is called, in the order of the guests. */
  begin(members: readonly string[]): void {
    for (const [index, guest] of this.#guests.entries()) {
      const member = members[index] ?? '';
      guest.onStart((output) => {
        for (const stream of STREAMS) {
          const tail = new Tail(output[stream], this.#show(stream, member));
          this.#tails.push(tail);
          this.#opening.push(tail.open().catch((error: unknown) => this.#hidden(member, stream, error)));
        }
      });
    }
  }

  /** Nothing more is written: resolves when all is shown. */
  async end(): Promise<void> {
    await Promise.all(this.#opening);
    await Promise.all(this.#tails.splice(0).map((tail) => tail.end()));
    for (const stream of STREAMS) await this.#prefixed?.[stream].flush().catch(() => {});
  }

  #hidden(member: string, stream: Stream, error: unknown): void {
    note(`${stream} of ${member} cannot be shown here: ${TuttiError.from(error).message}`);
  }

  #show(stream: Stream, member: string): Show {
    return this.#prefixed?.[stream].of(member) ?? plainly(process[stream]);
  }
}
