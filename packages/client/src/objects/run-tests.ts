/** The tests of a run that goes on, and the machines of their members. */
import { nearest, type RunView, TuttiError } from '@tutti/protocol';
import { type Decision, type ResumeOptions, resumeRun } from '../pause.ts';
import { type Context, signalOf } from './context.ts';
import { Machine } from './machine.ts';
import { NodeGroup } from './node-group.ts';

/** How far a run is, now. */
export type LookAtRun = () => Promise<RunView>;

type Freezer = (member: string, frozen: boolean) => Promise<void>;

function freezer(context: Context, run: number, test: string): Freezer {
  return async (member, frozen) => {
    await context.client.call('run.freeze', { run, test, member, frozen }, context.signal());
  };
}

/** A place of a role, and the machine that has it. */
export class Member extends Machine {
  /** `server.0` */
  readonly name: string;
  readonly #freeze: Freezer;

  /** @internal */
  constructor(context: Context, run: number, test: string, member: string) {
    super(context, `${member} of run ${run}`, () => Promise.resolve({ run, test, member }));
    this.name = member;
    this.#freeze = freezer(context, run, test);
  }

  /** Has all its processes stand still while its test is paused, with those that its driver started. Throws `NOT_PAUSED`. */
  async freeze(): Promise<void> {
    await this.#freeze(this.name, true);
  }

  /** Has them go on; the end of the pause does so too. */
  async thaw(): Promise<void> {
    await this.#freeze(this.name, false);
  }
}

/** A role of a test. It can be used as the machine of its only member. */
export class Role extends Machine {
  readonly name: string;
  readonly #parts: RoleParts;

  /** @internal */
  constructor(parts: RoleParts) {
    const { context, run, test, role } = parts;
    super(context, `${role} of run ${run}`, async () => {
      const [first, ...more] = await membersOf(parts);
      if (more.length === 0 && first !== undefined) return { run, test, member: first };
      throw new TuttiError(
        'USAGE',
        `${role} has ${more.length + 1} members: say which by [0] or member(0), or mean all by all()`,
      );
    });
    this.name = role;
    this.#parts = parts;
  }

  member(index: number): Member {
    const { context, run, test, role } = this.#parts;
    return new Member(context, run, test, `${role}.${index}`);
  }

  async all(): Promise<NodeGroup<Member>> {
    const { context, run, test } = this.#parts;
    const names = await membersOf(this.#parts);
    return new NodeGroup(names.map((name) => new Member(context, run, test, name)));
  }

  /** Has all processes of all its members stand still while the test is paused. Throws `NOT_PAUSED`. */
  async freeze(): Promise<void> {
    await Promise.all([...(await this.all())].map((member) => member.freeze()));
  }

  /** Has them go on; the end of the pause does so too. */
  async thaw(): Promise<void> {
    await Promise.all([...(await this.all())].map((member) => member.thaw()));
  }

  /** The same work with each member at the same time. */
  async each<T>(work: (member: Member) => Promise<T>): Promise<T[]> {
    return (await this.all()).each(work);
  }
}

interface RoleParts {
  readonly context: Context;
  readonly run: number;
  readonly test: string;
  readonly role: string;
  readonly look: LookAtRun;
}

export class RunTest {
  readonly name: string;
  readonly #context: Context;
  readonly #run: number;
  readonly #look: LookAtRun;

  /** @internal */
  constructor(context: Context, run: number, name: string, look: LookAtRun) {
    this.name = name;
    this.#context = context;
    this.#run = run;
    this.#look = look;
  }

  /** How far it is. Throws `NO_SUCH_TEST`. */
  async view(): Promise<RunView['tests'][number]> {
    return testOf(await this.#look(), this.name);
  }

  /** Decides how it goes on when it is paused at a failure; the first decision stands. Throws `NOT_PAUSED`. */
  async resume(how: Decision, options: Omit<ResumeOptions, 'test'> = {}): Promise<void> {
    const signal = signalOf(this.#context, options.signal);
    await resumeRun(this.#context.client, this.#run, how, { ...options, signal, test: this.name });
  }

  role(name: string): Role {
    const run = this.#run;
    return new Role({ context: this.#context, run, test: this.name, role: name, look: this.#look });
  }

  /** The names of the roles that have members now. */
  async roleNames(): Promise<string[]> {
    const { members } = await this.view();
    return [...new Set(members.map(({ member }) => roleOf(member)))];
  }
}

async function membersOf({ run, test, role, look }: RoleParts): Promise<string[]> {
  const { members, state } = testOf(await look(), test);
  const all = members.map(({ member }) => member);
  const found = all.filter((member) => roleOf(member) === role);
  if (found.length > 0) return found;
  const roles = [...new Set(all.map(roleOf))];
  if (roles.length === 0)
    throw new TuttiError('NO_SUCH_MEMBER', `test "${test}" of run ${run} has no members now: it is ${state}`);
  const meant = nearest(role, roles);
  const hint = meant === undefined ? `; it has ${roles.join(', ')}` : `; did you mean "${meant}"?`;
  throw new TuttiError('NO_SUCH_MEMBER', `test "${test}" of run ${run} has no role "${role}"${hint}`);
}

function testOf({ run, tests }: RunView, name: string): RunView['tests'][number] {
  const found = tests.find((test) => test.name === name);
  if (found !== undefined) return found;
  const names = tests.map((test) => test.name);
  const meant = nearest(name, names);
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  throw new TuttiError('NO_SUCH_TEST', `run ${run} has no test "${name}"${hint}`);
}

function roleOf(member: string): string {
  return member.slice(0, member.lastIndexOf('.'));
}
