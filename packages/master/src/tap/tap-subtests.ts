/**
 * The subtests of a member, with the names of the documents they are in, within bounds.
 *
 * Of too many the first ones stay, and of those that are not ok more than of the others: a failure after ten thousand good
 * ones is kept. Messages share a bound too.
 */
import type { Subtest } from '@tutti/protocol';
import { bounded } from '../reports/texts.ts';
import type { Level } from './level.ts';
import type { Directive, TestPoint } from './tap-line.ts';

/** Subtests of one member that are kept, and how many of these may be good. */
const KEPT = 10_000;
const GOOD = 9000;
/** Characters. */
const NAME = 128;
const WHOLE_NAME = 512;
const MESSAGE = 1000;
const ALL_MESSAGES = 1_000_000;

export interface TapSubtest {
  readonly level: Level;
  /** A test point, or what is wrong with a document as a whole. */
  readonly of: 'point' | 'document';
  readonly name: string;
  status: Subtest['status'];
  message?: string | undefined;
}

export class TapSubtests {
  readonly #kept: TapSubtest[] = [];
  #good = 0;
  #omittedGood = 0;
  #omittedBad = 0;
  #said = 0;

  get omitted(): number {
    return this.#omittedGood + this.#omittedBad;
  }

  /** Undefined: there are too many of its kind. */
  add(subtest: TapSubtest): TapSubtest | undefined {
    const good = isGood(subtest.status);
    if (this.#kept.length >= KEPT || (good && this.#good >= GOOD)) {
      if (good) this.#omittedGood += 1;
      else this.#omittedBad += 1;
      return undefined;
    }
    if (good) this.#good += 1;
    const { message, ...rest } = subtest;
    const kept: TapSubtest = { ...rest, name: label(subtest.name) };
    this.#kept.push(kept);
    if (message !== undefined && this.#said < ALL_MESSAGES) this.#set(kept, message);
    return kept;
  }

  point(level: Level, name: string, point: TestPoint): TapSubtest | undefined {
    const { status, message } = meaning(point);
    return this.add({ level, of: 'point', name, status, message });
  }

  /** Gives one that is not ok a message, if it has none. */
  say(subtest: TapSubtest, message: () => string): void {
    if (subtest.message !== undefined || isGood(subtest.status) || this.#said >= ALL_MESSAGES) return;
    this.#set(subtest, message());
  }

  /** One more line for its message. */
  append(subtest: TapSubtest, line: string): void {
    if (isGood(subtest.status) || this.#said >= ALL_MESSAGES || (subtest.message?.length ?? 0) >= MESSAGE)
      return;
    this.#set(subtest, subtest.message === undefined ? line : `${subtest.message}\n${line}`);
  }

  /** The test point of a nested document names it, and may say that its failures do not count. */
  correlate(nested: Level, description: string, point: TestPoint): void {
    if (description !== '') nested.name = label(description);
    if (point.directive === 'skip' || isExpected(point)) nested.excuse = meaning(point).message ?? 'skipped';
  }

  list(): { name: string; status: TapSubtest['status']; message?: string }[] {
    return this.#kept.map((subtest) => {
      const { level, name, status, message } = subtest;
      const excuse = isGood(status) ? undefined : excuseOf(level);
      const told = excuse ?? message;
      return {
        name: bounded([...pathOf(level), name].join(' / '), WHOLE_NAME),
        status: excuse === undefined ? status : 'skip',
        ...(told === undefined ? {} : { message: told }),
      };
    });
  }

  /** The first that counts as a failure, in a sentence. */
  failure(): string | undefined {
    const all = this.list();
    const at = all.findIndex(({ status }) => !isGood(status));
    const first = all[at];
    if (first !== undefined) {
      const why = first.message === undefined ? '' : `: ${first.message.split('\n', 1)[0]}`;
      const said = this.#kept[at]?.of === 'point' ? 'reported "not ok" of' : 'printed TAP that is not whole:';
      return `${said} ${JSON.stringify(first.name)}${why}`;
    }
    return this.#omittedBad === 0
      ? undefined
      : `reported "not ok" of ${this.#omittedBad} tests that are not listed`;
  }

  #set(subtest: TapSubtest, text: string): void {
    const message = bounded(clean(text.trim()), MESSAGE);
    if (message === '') return;
    this.#said += message.length;
    subtest.message = message;
  }
}

/**
 * `skip` for what was not run and for failures that are expected, as in JUnit; `warn` for what was expected to fail and did not.
 */
function meaning({ ok, directive, reason, data }: TestPoint): Pick<TapSubtest, 'status' | 'message'> {
  const said = reason === undefined ? '' : `: ${reason}`;
  switch (directive) {
    case 'skip':
      return { status: 'skip', message: reason };
    case 'todo':
      return ok
        ? { status: 'warn', message: `expected to fail, and did not${said}` }
        : { status: 'skip', message: `expected failure${said}` };
    case 'xfail':
      return { status: 'skip', message: `expected failure${said}` };
    case 'timeout':
      return { status: ok ? 'pass' : 'fail', message: `timed out${said}` };
    case 'error':
      return { status: ok ? 'pass' : 'error', message: reason };
    default:
      return { status: ok ? 'pass' : 'fail', message: data };
  }
}

const EXPECTED: readonly (Directive | undefined)[] = ['todo', 'xfail'];

function isExpected({ ok, directive }: TestPoint): boolean {
  return EXPECTED.includes(directive) && (!ok || directive === 'xfail');
}

function isGood(status: TapSubtest['status']): boolean {
  return status !== 'fail' && status !== 'error';
}

/** The names of the documents it is in; those that have none yet are `…`. */
function pathOf(level: Level): string[] {
  return level.parent === undefined ? [] : [...pathOf(level.parent), level.name ?? '…'];
}

function excuseOf(level: Level): string | undefined {
  return level.excuse ?? (level.parent && excuseOf(level.parent));
}

/** A name of a test or a document, as it is kept. */
export function label(text: string): string {
  return bounded(clean(text), NAME);
}

/** What a terminal would act on is only shown. */
function clean(text: string): string {
  return text.replaceAll(/(?![\n\t])\p{Cc}/gu, '\ufffd');
}
