/** Progress as plain lines: for logs, CI and pipes. Each change of a test's state is one line, once. */
import type { RunView, TestView } from '@tutti/protocol';
import { oneLine } from './columns.ts';
import { placed } from './places.ts';
import type { Progress, Terminal } from './progress.ts';
import { attemptInWords, triesInWords, whyInWords } from './verdict.ts';

export class PlainProgress implements Progress {
  readonly #out: Terminal;
  readonly #said = new Set<string>();
  readonly told = new Set<number>();
  /** What was last said of each test, by its position: names may be the same. */
  readonly #states = new Map<number, string>();

  constructor(out: Terminal) {
    this.#out = out;
  }

  note(line: string): void {
    this.#out.write(`${line}\n`);
  }

  busy(): void {}

  show(view: RunView): void {
    if (view.phase === 'queued' && view.waitsFor)
      this.#once(oneLine(`run ${view.run} ${view.suite}: queued, ${view.waitsFor}`));
    for (const { test, index, place } of placed(view)) {
      const { status, attempts = 1 } = test;
      const state = `${attempts} ${status ?? test.state}`;
      const line = describe(test);
      if (line === undefined || this.#states.get(index) === state) continue;
      this.#states.set(index, state);
      if (status !== undefined && place !== undefined) this.told.add(place);
      this.note(oneLine(`run ${view.run} ${view.suite}: ${test.name}: ${line}`));
    }
  }

  /** That it is away, and that it is back, comes as a note. */
  away(): void {}

  back(): void {}

  end(): void {}

  #once(line: string): void {
    if (this.#said.has(line)) return;
    this.#said.add(line);
    this.note(line);
  }
}

/** Members listed by name when they are few. */
const LISTED = 8;

function describe(test: TestView): string | undefined {
  const { state, status, duration, cause, members, size, attempts = 1, before } = test;
  if (status !== undefined) {
    const why = whyInWords(status, cause);
    const tried = triesInWords(status, attempts);
    const took = duration === undefined ? '' : ` in ${duration.toFixed(1)} s`;
    return `${status}${tried && ` ${tried}`}${took}${why === undefined ? '' : `: ${why}`}`;
  }
  if (state !== 'running') return undefined;
  const shown = members.slice(0, LISTED).map(({ member, node }) => `${member} on ${node}`);
  const more = size > shown.length ? ` and ${size - shown.length} more` : '';
  const again = before && `${attemptInWords(attempts - 1, before)}; again, `;
  return `${again ?? ''}running ${shown.join(', ')}${more}`;
}
