/** Which logs of a run are meant by the words of a person. Pure. */
import { type LogName, nearest, TuttiError } from '@tutti/protocol';
import type { AttemptRun, Run, TestRun } from '../runs/model.ts';

export interface LogWords {
  /** A test by its name, or a glob. */
  readonly test?: string | undefined;
  /** A member, a role, or a glob; or a command, `db.0/cmd-3`. */
  readonly member?: string | undefined;
  readonly sources: readonly LogName['source'][];
}

/** A log that there may be, now or later. */
export interface ChosenLog extends Omit<LogName, 'n'> {
  /** Relative to the run directory. */
  readonly path: string;
  /** All of it is here. */
  readonly complete: boolean;
}

export class LogChoice {
  readonly #words: LogWords;
  readonly #isTest: (name: string) => boolean;
  readonly #isMember: (name: string) => boolean;

  /** Throws `NO_SUCH_TEST` for words that mean nothing in this run. */
  constructor(run: Pick<Run, 'number' | 'tests'>, words: LogWords) {
    this.#words = words;
    const tests = run.tests.map(({ spec }) => spec.name);
    this.#isTest = words.test === undefined ? () => true : matching(words.test, tests);
    if (!tests.some(this.#isTest)) throw unknown(`run ${run.number} has no test`, words.test, tests);
    const members = [
      ...new Set(run.tests.flatMap((test) => (this.#isTest(test.spec.name) ? casting(test) : []))),
    ];
    this.#isMember = words.member === undefined ? () => true : matchingMember(words.member, members);
    // Of a command that has not begun only its member can be known.
    const [ofCommand] = /^[^/]+(?=\/)/.exec(words.member ?? '') ?? [];
    const isKnown = ofCommand === undefined ? this.#isMember : matchingMember(ofCommand, members);
    if (!members.some(isKnown)) throw unknown(`there is no member`, words.member, members, roles(members));
  }

  /** Tests that are meant. */
  tests(run: Pick<Run, 'tests'>): TestRun[] {
    return run.tests.filter(({ spec }) => this.#isTest(spec.name));
  }

  /** Changes whenever `logs` does: looking at it makes nothing, and tests of thousands change often. */
  mark(test: TestRun): string {
    let [incarnations, collected] = [0, 0];
    for (const { members } of test.attempts)
      for (const member of members) {
        incarnations += member.incarnation;
        collected += Number(member.collected);
      }
    let begun = 0;
    for (const { commands } of test.attempts) {
      begun += commands.length;
      for (const command of commands) collected += Number(command.collected);
    }
    return `${test.attempts.length} ${incarnations} ${begun} ${collected}`;
  }

  /** Of a test that is meant. */
  logs(test: TestRun): ChosenLog[] {
    return this.#isTest(test.spec.name)
      ? test.attempts.flatMap((attempt) => this.#ofAttempt(test, attempt))
      : [];
  }

  #ofAttempt(test: TestRun, attempt: AttemptRun): ChosenLog[] {
    return [...this.#ofMembers(test, attempt), ...this.#ofCommands(test, attempt)];
  }

  /** The log of a command is called `db.0/cmd-3`, and is meant wherever its member is. */
  #ofCommands(test: TestRun, attempt: AttemptRun): ChosenLog[] {
    const members = new Map(attempt.members.map((member, place) => [member.name, { member, place }]));
    return attempt.commands.flatMap(({ of, number, dir, collected, lost }) => {
      const found = members.get(of);
      const name = `${of}/cmd-${number}`;
      if (found === undefined || !this.#isMember(name)) return [];
      return this.#words.sources.map((source) => ({
        key: `${test.index}.${attempt.n}.${found.place}-${number}.${source}.0`,
        test: test.spec.name,
        attempt: attempt.n,
        member: name,
        node: found.member.node,
        source,
        incarnation: 0,
        path: `${dir}/${source}.log`,
        complete: collected || lost !== undefined,
      }));
    });
  }

  #ofMembers(test: TestRun, attempt: AttemptRun): ChosenLog[] {
    return attempt.members.flatMap((member, place) => {
      if (!this.#isMember(member.name)) return [];
      const incarnations = Array.from({ length: member.incarnation + 1 }, (_, n) => n);
      return incarnations.flatMap((incarnation) =>
        this.#words.sources.map((source) => ({
          key: `${test.index}.${attempt.n}.${place}.${source}.${incarnation}`,
          test: test.spec.name,
          attempt: attempt.n,
          member: member.name,
          node: member.node,
          source,
          incarnation,
          path: `${member.dir}/${source}${incarnation === 0 ? '' : `.${incarnation}`}.log`,
          complete: member.collected,
        })),
      );
    });
  }
}

/** Also of one that has not begun. */
function casting({ spec }: TestRun): string[] {
  return spec.roles.flatMap(({ name, count }) => Array.from({ length: count }, (_, n) => `${name}.${n}`));
}

/** Exactly, where there is such a name: names may hold what a glob means something by. */
function matching(words: string, names: readonly string[]): (name: string) => boolean {
  if (names.includes(words)) return (name) => name === words;
  const pattern = globPattern(words);
  return (name) => pattern.test(name);
}

/** Of a member, or of a command on its machine; a member's words mean its commands too. */
function matchingMember(words: string, members: readonly string[]): (name: string) => boolean {
  if (words.includes('/')) {
    const pattern = globPattern(words);
    return (name) => name === words || pattern.test(name);
  }
  const exact = members.filter((name) => name === words || name.startsWith(`${words}.`));
  const isMeant = exact.length > 0 ? (name: string) => exact.includes(name) : matching(words, members);
  return (name) => isMeant(name.split('/')[0] ?? name);
}

function globPattern(glob: string): RegExp {
  const source = glob.split(/(\*+|\?)/).map((part) => {
    if (part.startsWith('*')) return '.*';
    return part === '?' ? '.' : RegExp.escape(part);
  });
  return new RegExp(`^${source.join('')}$`, 'su');
}

/** Names that are listed in a message. */
const LISTED = 8;

function unknown(
  what: string,
  words: string | undefined,
  names: readonly string[],
  others: readonly string[] = [],
): TuttiError {
  const near = words === undefined ? undefined : nearest(words, [...names, ...others]);
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  const there =
    near === undefined
      ? names.length === 0
        ? 'there is none'
        : `there is ${names.slice(0, LISTED).join(', ')}${more}`
      : `did you mean ${near}?`;
  return new TuttiError('NO_SUCH_TEST', `${what} ${JSON.stringify(words ?? '')}; ${there}`);
}

function roles(members: readonly string[]): string[] {
  return [...new Set(members.map((name) => name.slice(0, name.lastIndexOf('.'))))];
}
