/**
 * Progress on a terminal: finished tests stay as lines, the one under way is redrawn below them.
 *
 * Never draws more than ten times a second, nor wider than the terminal: a wrapped line could not be taken back.
 */
import type { RunView, TestView } from '@tutti/protocol';
import { fitting, oneLine } from './columns.ts';
import type { Palette } from './palette.ts';
import { type Placed, placed } from './places.ts';
import type { Progress, Terminal } from './progress.ts';
import { attemptInWords, INDENT, verdictLines } from './verdict.ts';

const FRAME_MS = 100;
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const MARKS: Record<string, string> = { waiting: '·', staged: '∘', running: '●', ended: '✓' };
const CLEAR_LINE = '\r\u001b[2K';

interface Away {
  readonly master: string;
  /** Of this machine, as people read it. */
  readonly clock: string;
  readonly since: number;
}

export class LiveProgress implements Progress {
  readonly #out: Terminal;
  readonly #palette: Palette;
  readonly told = new Set<number>();
  #view: RunView | undefined;
  #busyWith: string | undefined;
  #away: Away | undefined;
  #timer: NodeJS.Timeout | undefined;
  #drawn = false;
  /** Nothing is drawn any more: what changes now comes too late. */
  #over = false;
  #frame = 0;
  readonly #startedAt = new Map<number, number>();
  /** By position in the view: verdicts that have been drawn, setup's too, and how many attempts have been told of. */
  readonly #drawnVerdicts = new Set<number>();
  readonly #attempts = new Map<number, number>();

  constructor(out: Terminal, palette: Palette) {
    this.#out = out;
    this.#palette = palette;
  }

  note(line: string): void {
    this.#erase();
    this.#out.write(`${line}\n`);
  }

  busy(what: string): void {
    this.#busyWith = what;
    this.#start();
  }

  show(view: RunView): void {
    if (this.#over) return;
    this.#view = view;
    this.#start();
    for (const each of placed(view)) this.#showTest(each);
  }

  #showTest({ test, index, place }: Placed): void {
    const { name, status, attempts = 1, before } = test;
    if (test.state !== 'waiting' && !this.#startedAt.has(index))
      this.#startedAt.set(index, performance.now());
    if (before && (this.#attempts.get(index) ?? 1) < attempts) {
      this.#attempts.set(index, attempts);
      const said = `${oneLine(name)}  ${attemptInWords(attempts - 1, before)}`;
      this.note(this.#palette.dim(`${'again'.padEnd(INDENT.length)}${said}`));
    }
    if (status === undefined || this.#drawnVerdicts.has(index)) return;
    this.#drawnVerdicts.add(index);
    if (place !== undefined) this.told.add(place);
    this.note(verdictLines({ ...test, status }, this.#palette).join('\n'));
  }

  away(master: string): void {
    const clock = new Date().toLocaleTimeString('en-GB');
    this.#away = { master, clock, since: performance.now() };
    this.#start();
  }

  back(): void {
    this.#away = undefined;
  }

  end(): void {
    this.#over = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }

  #start(): void {
    if (!this.#over) this.#timer ??= setInterval(() => this.#draw(), FRAME_MS);
  }

  #draw(): void {
    this.#frame += 1;
    const line = this.#line();
    this.#erase();
    if (line === undefined) return;
    // Of a size that it does not know a terminal says 0.
    this.#out.write(fitting(oneLine(line), (this.#out.columns || 80) - 1));
    this.#drawn = true;
  }

  #line(): string | undefined {
    const view = this.#view;
    const spinner = SPINNER[this.#frame % SPINNER.length];
    if (this.#away !== undefined) return `${spinner} ${describe(this.#away)}`;
    if (view === undefined) return this.#busyWith === undefined ? undefined : `${spinner} ${this.#busyWith}`;
    if (view.phase === 'finished') return undefined;
    const all = placed(view);
    const underWay = all.filter(({ test }) => test.state !== 'waiting' && test.status === undefined);
    const [first, ...more] = underWay;
    if (first === undefined)
      return `${spinner} run ${view.run} ${view.phase}${view.waitsFor ? `: ${view.waitsFor}` : ''}`;
    const tests = all.filter(({ place }) => place !== undefined);
    if (more.length > 0) {
      const done = tests.filter(({ test }) => test.status !== undefined).length;
      const names = underWay.map((each) => `${titleOf(each.test)} ${this.#seconds(each)}`);
      return `${spinner} ${done} of ${tests.length} done, ${underWay.length} under way: ${names.join(', ')}`;
    }
    const { test, place } = first;
    const members = test.members.map(({ member, state, status }) => `${mark(state, status)} ${member}`);
    const where = place === undefined || tests.length === 1 ? '' : `${place + 1}/${tests.length} `;
    const state =
      test.paused === undefined ? `${test.state} ${this.#seconds(first)}` : countdown(test.paused);
    return `${spinner} ${where}${titleOf(test)}  ${state}  ${members.join('  ')}`;
  }

  #seconds({ index }: Placed): string {
    return `${((performance.now() - (this.#startedAt.get(index) ?? 0)) / 1000).toFixed(1)} s`;
  }

  #erase(): void {
    if (this.#drawn) this.#out.write(CLEAR_LINE);
    this.#drawn = false;
  }
}

function titleOf({ name, attempts }: TestView): string {
  return attempts === undefined ? name : `${name} (attempt ${attempts})`;
}

/** By this machine's clock, which may differ from the master's. */
function countdown({ since, until }: NonNullable<TestView['paused']>): string {
  const left = Math.min(until - since, Math.max(0, until - Date.now()));
  return `paused, goes on in ${Math.round(left / 1000)} s`;
}

function mark(state: string, status: string | undefined): string {
  if (status !== undefined && status !== 'PASS') return '✗';
  return MARKS[state] ?? '?';
}

/** What may be cut on a narrow terminal comes last. */
function describe({ master, clock, since }: Away): string {
  const seconds = ((performance.now() - since) / 1000).toFixed(0);
  return `the master is away since ${clock} (${seconds} s); Ctrl-C leaves: ${master}`;
}
