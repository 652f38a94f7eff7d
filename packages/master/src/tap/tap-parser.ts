/**
 * A member's standard output as subtests, while it comes: TAP 14 and KTAP 1, nested, and what lies between.
 *
 * Guarantees: the same bytes give the same subtests, however they are cut into pieces; nothing that is written makes it throw,
 * nor keep more than its bounds; whatever is not TAP is passed over, and what of a plan did not come is told as a subtest
 * `(plan)`. docs/writing-tests.md says what becomes of each kind of line.
 *
 * Lines of a nested document are indented; the first test point that is indented less is the nested document's own, and names it.
 * Which spaces nest is open in practice (the kernel's documentation says two, its KUnit writes four), so a version line
 * nests at any indentation, everything else at a multiple of four.
 */

import { LineReader } from '../logs/line-reader.ts';
import { BLOCK, messageOf } from './diagnosis.ts';
import { Level } from './level.ts';
import { indentOf, readTapLine, type TapLine, type TestPoint } from './tap-line.ts';
import { label, type TapSubtest, TapSubtests } from './tap-subtests.ts';

/** Bytes of a line that count; no line of TAP that a person reads is longer. */
const LINE = 8192;
const DEPTH = 32;
/** Comments that are kept for the next test point. */
const COMMENTS = 20;
const COMMENT = 500;

interface Yaml {
  readonly indent: number;
  readonly lines: string[];
  size: number;
}

export interface TapOutcome {
  /** The first thing that makes its member fail, in words that complete "client.1 on n3 …". */
  readonly failure?: string;
  /** Nothing was run, and why. */
  readonly skipped?: string;
}

export class TapParser {
  readonly #lines = new LineReader(LINE, (text) => this.#line(text));
  readonly #subtests = new TapSubtests();
  #level = new Level(0);
  /** A nested document that its test point may still follow. */
  #closed: Level | undefined;
  #yaml: Yaml | undefined;
  /** Test points with nothing but comments behind them: what follows may be about them. */
  #last:
    | { readonly level: Level; readonly point: TestPoint; readonly subtest: TapSubtest | undefined }
    | undefined;
  #bailedOut: string | undefined;
  /** Documents that planned something, or had test points; and those that planned nothing. */
  #documents = 0;
  #skipped: string | undefined;
  #finished = false;

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }

  /** The text breaks off here and something else begins, such as the output after a reboot. */
  lineBreak(): void {
    this.#lines.finish();
  }

  /** Nothing more comes. `complete`: not because somebody stopped it, so whatever is missing should have come. */
  finish(complete: boolean): TapOutcome {
    if (!this.#finished) {
      this.#finished = true;
      this.#lines.finish();
      this.#endDocument(complete);
    }
    return this.#outcome(complete);
  }

  /** Those so far, in order; names may still change as the documents they are in get theirs. */
  get subtests(): { name: string; status: TapSubtest['status']; message?: string }[] {
    return this.#subtests.list();
  }

  /** How many are left out, because there were too many. */
  get omitted(): number {
    return this.#subtests.omitted;
  }

  #outcome(complete: boolean): TapOutcome {
    if (this.#bailedOut !== undefined)
      return { failure: `bailed out${this.#bailedOut === '' ? '' : `: ${this.#bailedOut}`}` };
    const failure = this.#subtests.failure();
    if (failure !== undefined) return { failure };
    if (this.#documents > 0) return {};
    if (this.#skipped !== undefined) return { skipped: this.#skipped };
    return complete ? { failure: 'printed no TAP, though its role says `parse: tap`' } : {};
  }

  #line(text: string): void {
    if (this.#bailedOut !== undefined) return;
    const indent = indentOf(text);
    if (this.#yaml !== undefined && this.#inYaml(this.#yaml, text, indent)) return;
    this.#take(readTapLine(text.slice(indent)), indent);
  }

  /** False: the block has ended without its end, and the line stands for itself. */
  #inYaml(yaml: Yaml, text: string, indent: number): boolean {
    const line = text.trim();
    const ends = line === '...' && indent <= yaml.indent;
    const outside =
      line !== '' &&
      (indent < yaml.indent || (indent === this.#level.indent && readTapLine(line).kind === 'point'));
    if (!ends && !outside) {
      if (yaml.size < BLOCK) yaml.lines.push(text.slice(0, BLOCK - yaml.size));
      yaml.size += text.length + 1;
      return true;
    }
    this.#yaml = undefined;
    const subtest = this.#last?.subtest;
    this.#last = undefined;
    if (subtest !== undefined && yaml.lines.length > 0)
      this.#subtests.say(subtest, () => messageOf(yaml.lines));
    return ends;
  }

  #take(line: TapLine, indent: number): void {
    switch (line.kind) {
      case 'blank':
        return;
      case 'other':
        this.#last = undefined;
        return;
      case 'comment':
        return this.#comment(line.text, indent);
      case 'yaml':
        if (this.#last !== undefined && indent >= this.#level.indent)
          this.#yaml = { indent, lines: [], size: 0 };
        return;
      case 'bail out':
        return this.#bailOut(line.reason);
      case 'subtest':
        return this.#subtest(line.name, indent);
      case 'version':
        return this.#version(line.ktap, indent);
      case 'plan':
        if (this.#at(indent)) this.#plan(line);
        return;
      case 'point':
        if (this.#at(indent)) this.#point(line);
    }
  }

  /** Goes to the level of this indentation, out of some or into one; false: there is none, and cannot be one here. */
  #at(indent: number, anywhere = false): boolean {
    const outer = this.#outer(indent);
    if (outer.indent !== indent && !anywhere && (indent - outer.indent) % 4 !== 0) return false;
    if (outer.indent !== indent && outer.depth >= DEPTH) return false;
    this.#last = undefined;
    while (this.#level !== outer) this.#leave(true);
    if (outer.indent !== indent) {
      const between = new Level(indent, outer);
      // What was nested more deeply was nested in this one.
      if (this.#closed !== undefined && this.#closed.indent > indent) this.#closed.parent = between;
      this.#level = between;
    }
    return true;
  }

  #outer(indent: number): Level {
    let level = this.#level;
    while (level.indent > indent && level.parent !== undefined) level = level.parent;
    return level;
  }

  /** Ends the innermost level. */
  #leave(complete: boolean): void {
    const level = this.#level;
    const problem = level.problem(complete);
    if (problem !== undefined)
      this.#subtests.add({ level, of: 'document', name: '(plan)', status: 'error', message: problem });
    level.close();
    if (level.parent === undefined) return;
    this.#closed = level;
    this.#level = level.parent;
  }

  #endDocument(complete: boolean): void {
    this.#last = undefined;
    this.#yaml = undefined;
    while (this.#level.parent !== undefined) this.#leave(complete);
    const { plan, fresh } = this.#level;
    const empty = this.#level.numbers.count === 0;
    this.#leave(complete);
    if (plan?.count === 0 && empty) {
      this.#skipped ??= plan.reason ?? 'no tests were planned';
      const about = { level: this.#level, of: 'document' as const, name: '(all)' };
      this.#subtests.add({ ...about, status: 'skip', message: plan.reason });
    } else if (!fresh) this.#documents += 1;
    this.#closed = undefined;
    this.#level = new Level(0);
  }

  #version(ktap: boolean, indent: number): void {
    if (!this.#at(indent, true)) return;
    if (!this.#level.fresh || this.#level.version !== undefined) {
      if (this.#level.parent === undefined) this.#endDocument(true);
      else {
        const { parent } = this.#level;
        this.#leave(true);
        this.#level = new Level(indent, parent);
      }
    }
    this.#closed = undefined;
    this.#level.version = ktap ? 'ktap' : 'tap';
  }

  #plan(line: TapLine & { kind: 'plan' }): void {
    if (this.#level.plan !== undefined) {
      if (this.#level.parent !== undefined || !this.#level.fulfilled) {
        this.#level.secondPlan = true;
        return;
      }
      // Another program, whose output follows.
      this.#endDocument(true);
    }
    this.#level.plan = line;
  }

  #point(point: TestPoint): void {
    const level = this.#level;
    const number = point.number ?? level.numbers.next;
    level.numbers.add(number);
    const description = level.isKtap ? point.description : described(point);
    const name = description === '' ? `test ${number}` : description;
    const { data, ...said } = point;
    const subtest = this.#subtests.point(
      level,
      name,
      level.isKtap && data !== undefined ? { ...said, data } : said,
    );
    const nested = this.#closed;
    this.#closed = undefined;
    if (nested?.parent === level) this.#subtests.correlate(nested, description, point);
    if (subtest !== undefined && level.isKtap) this.#subtests.say(subtest, () => level.comments.join('\n'));
    level.comments = [];
    this.#last = { level, point, subtest };
  }

  #comment(text: string, indent: number): void {
    const level = this.#outer(indent);
    if (level.isKtap) {
      if (text !== '') level.comments = [...level.comments, text.slice(0, COMMENT)].slice(-COMMENTS);
    } else if (this.#last?.subtest !== undefined && this.#last.level === level && text !== '')
      this.#subtests.append(this.#last.subtest, text);
  }

  #bailOut(reason: string): void {
    this.#bailedOut = reason;
    const about = { level: new Level(0), of: 'document' as const, name: '(bail out)' };
    this.#subtests.add({ ...about, status: 'error', message: reason });
    // What did not come has a reason now.
    this.#documents += 1;
    this.#level = new Level(0);
    this.#last = undefined;
  }

  /**
   * TAP announces the nested document that follows with a comment in the outer one, KUnit with one in the nested one: behind
   * its version line, or instead of it.
   */
  #subtest(name: string, indent: number): void {
    const outer = this.#outer(indent);
    const opens = outer.indent !== indent;
    if (!this.#at(indent)) return;
    const named = name === '' ? undefined : label(name);
    const level = this.#level;
    this.#closed = undefined;
    const isItself = level.parent !== undefined && level.name === undefined && level.fresh;
    if (isItself && (opens || level.version === 'ktap')) level.name = named;
    else if (level.depth < DEPTH) this.#level = new Level(indent + 4, level, named);
  }
}

/** A `#` that begins no directive is part of the description. */
function described({ description, data }: TestPoint): string {
  return data === undefined ? description : `${description} # ${data}`.trim();
}
