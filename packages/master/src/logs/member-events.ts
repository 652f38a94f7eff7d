/** What one incarnation's events tell: results and marks, in order. Pure. */
import { MemberEvent, type Subtest } from '@tutti/protocol';
import { LineReader } from './line-reader.ts';

/** Bytes; the longest that an agent writes is a good part of it. */
const LINE = 64 * 1024;
/** Marks of one incarnation that are kept. */
const MARKS = 1000;

/** Instants are Unix ms, master time. */
export interface SaidSubtest extends Subtest {
  readonly at?: number;
  /** It is of its output, which is TAP. */
  readonly tap?: true;
}

export interface SaidMark {
  readonly name: string;
  readonly at: number;
}

export class MemberEvents {
  readonly marks: SaidMark[] = [];
  marksOmitted = 0;
  /** Names of marks that were kept or not; whoever waits for one asks here. */
  readonly #marked = new Set<string>();
  readonly #lines = new LineReader(LINE, (text) => this.#line(text));
  readonly #subtests: SaidSubtest[] = [];
  #at = 0;

  push(bytes: Uint8Array, at: number): void {
    this.#at = at;
    this.#lines.push(bytes);
  }

  has(mark: string): boolean {
    return this.#marked.has(mark);
  }

  get subtests(): readonly SaidSubtest[] {
    return this.#subtests;
  }

  /** The agent writes whole lines; a torn last one after a crash of its machine was never answered. */
  #line(text: string): void {
    const read = MemberEvent.safeParse(parse(text));
    if (!read.success) return;
    const { event, request: _request, ...said } = read.data;
    if (event === 'result') this.#subtests.push({ ...given(said as Subtest), at: this.#at });
    else this.#mark(said.name);
  }

  #mark(name: string): void {
    if (this.#marked.size < MARKS) this.#marked.add(name);
    if (this.marks.length < MARKS) this.marks.push({ name, at: this.#at });
    else this.marksOmitted += 1;
  }
}

function given({ name, status, measure, unit, message, duration }: Subtest): Subtest {
  return {
    name,
    status,
    ...(measure === undefined ? {} : { measure }),
    ...(unit === undefined ? {} : { unit }),
    ...(message === undefined ? {} : { message }),
    ...(duration === undefined ? {} : { duration }),
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
