/**
 * What `tutti run` says of tests that are paused at a failure, once for each, and takes from who sits before it: c, r or a and
 * Enter decide about the one that has been paused longest.
 */
import { createInterface, type Interface } from 'node:readline';
import type { Decision } from '@tutti/client';
import type { RunView, TestView } from '@tutti/protocol';
import { oneLine } from '../progress/columns.ts';
import type { Progress } from '../progress/progress.ts';

export interface PausesOptions {
  readonly progress: Pick<Progress, 'note'>;
  /** How another command finds the same master: ` --master ws://lab:8282`, or nothing. */
  readonly reach: string;
  /** Where words are typed; undefined: nobody sits there. */
  readonly keyboard: NodeJS.ReadableStream | undefined;
  /** Rejects when that cannot be. */
  readonly decide: (run: number, how: Decision, test: string) => Promise<void>;
}

/** That failures make the line unreadable long is rather for the report. */
const LONGEST_CAUSE = 400;

const WORDS: Record<string, Decision> = { c: 'continue', r: 'retry', a: 'abort' };

export class Pauses {
  readonly #options: PausesOptions;
  /** By name, since when. */
  readonly #shown = new Map<string, number>();
  #view: RunView | undefined;
  #reader: Interface | undefined;

  constructor(options: PausesOptions) {
    this.#options = options;
  }

  show(view: RunView): void {
    this.#view = view;
    const paused = pausedOf(view);
    for (const test of paused) {
      if (this.#shown.get(test.name) === test.paused.since) continue;
      this.#shown.set(test.name, test.paused.since);
      const keyboard = this.#options.keyboard !== undefined;
      for (const line of pauseLines(view.run, test, { reach: this.#options.reach, keyboard }))
        this.#options.progress.note(line);
    }
    if (paused.length > 0) this.#listen();
    else this.stop();
  }

  /** Nothing that is typed is taken any more. */
  stop(): void {
    this.#reader?.close();
    if (this.#reader !== undefined) this.#options.keyboard?.pause();
    this.#reader = undefined;
  }

  #listen(): void {
    const { keyboard } = this.#options;
    if (keyboard === undefined || this.#reader !== undefined) return;
    // Not as a terminal: Ctrl-C stays the signal that cancels the run.
    this.#reader = createInterface({ input: keyboard, terminal: false });
    this.#reader.on('line', (line) => this.#typed(line.trim().toLowerCase()));
  }

  #typed(word: string): void {
    const { progress, decide } = this.#options;
    const [first] = this.#view === undefined ? [] : pausedOf(this.#view);
    if (word === '' || this.#view === undefined || first === undefined) return;
    const how = Object.values(WORDS).find((decision) => decision === word) ?? WORDS[word];
    if (how === undefined) {
      progress.note(`"${oneLine(word)}" means nothing here: c continues, r tries again, a aborts`);
      return;
    }
    decide(this.#view.run, how, first.name).catch((error: unknown) =>
      progress.note(error instanceof Error ? error.message : String(error)),
    );
  }
}

type Paused = TestView & { paused: NonNullable<TestView['paused']> };

/** The one that has been paused longest comes first. */
function pausedOf({ tests }: RunView): Paused[] {
  return tests
    .filter((test): test is Paused => test.paused !== undefined)
    .toSorted((a, b) => a.paused.since - b.paused.since);
}

function pauseLines(
  run: number,
  { name, paused, members }: Paused,
  { reach, keyboard }: { reach: string; keyboard: boolean },
): string[] {
  const { cause, since, until } = paused;
  const role = members.find(({ status }) => status === undefined)?.member ?? members[0]?.member ?? 'server.0';
  const look = `runs[${run}].tests[${JSON.stringify(name)}].roles.${role.slice(0, role.lastIndexOf('.'))}`;
  const typed = keyboard ? '; or type c, r or a and Enter here' : '';
  const why = cause.length > LONGEST_CAUSE ? `${cause.slice(0, LONGEST_CAUSE)} …` : cause;
  return [
    oneLine(`run ${run}: ${name}: paused: ${why}`),
    `  look around: tutti repl${reach}   then ${oneLine(look)}.run('ss -tn')`,
    `  then: tutti resume ${run} continue | retry | abort${reach}${typed}`,
    `  nothing is stopped meanwhile; it goes on by itself in ${span((until - since) / 1000)}`,
  ];
}

/** `15 min`, `90 s` */
function span(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.round(seconds)} s`;
}
