/** Which machines are meant on a command line: by name, by selector, or as the member of a test under way. */
import { listNodes, type MasterClient, runNumber } from '@tutti/client';
import { MemberName, nearest, TuttiError, type Whereabouts } from '@tutti/protocol';
import { nodeNames } from '../node-names.ts';

export interface TargetFlags {
  readonly where?: string;
  readonly run?: string;
  readonly test?: string;
  readonly member?: string;
}

export interface Target {
  /** `n1`, `server.0 of run 12`: in messages, and before lines of output. */
  readonly title: string;
  readonly at: Whereabouts;
}

/** Whether the flags say it, so that no word does. */
export function saidByFlags({ where, run, member }: TargetFlags): boolean {
  return where !== undefined || run !== undefined || member !== undefined;
}

/** Throws `USAGE`, `NO_SUCH_NODE`, `NO_SUCH_RUN`. */
export async function targetsOf(
  client: MasterClient,
  words: string | undefined,
  flags: TargetFlags,
): Promise<Target[]> {
  const { where, run, test, member } = flags;
  if ((run === undefined) !== (member === undefined))
    throw new TuttiError('USAGE', '--run and --member go together: --run 12 --member server.0');
  if (test !== undefined && run === undefined)
    throw new TuttiError('USAGE', '--test goes with --run and --member');
  if (run !== undefined && member !== undefined) {
    if (where !== undefined)
      throw new TuttiError('USAGE', '--where names machines, and --member one of a test');
    return [await memberTarget(client, { run, test, member })];
  }
  if (where !== undefined) return chosen(client, where);
  const place = words === undefined ? undefined : memberPath(words);
  if (place !== undefined) return [await memberTarget(client, place)];
  const names = nodeNames(splitNames(words ?? ''));
  if (names.length > 1) await requireKnown(client, names);
  return names.map((node) => ({ title: node, at: { node } }));
}

/** The one machine that is meant. Throws `USAGE` where several are. */
export async function targetOf(
  client: MasterClient,
  words: string | undefined,
  flags: TargetFlags,
): Promise<Target> {
  const targets = await targetsOf(client, words, flags);
  const [only] = targets;
  if (only !== undefined && targets.length === 1) return only;
  throw new TuttiError('USAGE', `"${words ?? ''}" names ${targets.length} machines; this is for one`);
}

interface MemberWords {
  readonly run: string;
  readonly test?: string | undefined;
  readonly member: string;
}

/** `12/failover/db.0`, `12/db`: the names of tests may have slashes. Undefined for what is no such path. Pure. */
export function memberPath(words: string): MemberWords | undefined {
  const [run, ...rest] = words.split('/');
  const member = rest.pop();
  if (run === undefined || member === undefined) return undefined;
  const test = rest.join('/');
  return { run, member, ...(test === '' ? {} : { test }) };
}

/** At commas that are in no brackets. Pure. */
export function splitNames(words: string): string[] {
  return words.split(/,(?![^[]*\])/).filter((word) => word !== '');
}

async function memberTarget(client: MasterClient, { run, test, member }: MemberWords): Promise<Target> {
  const name = /\.\d+$/.test(member) ? member : `${member}.0`;
  if (!MemberName.safeParse(name).success)
    throw new TuttiError('USAGE', `"${member}" is no member of a test, such as server.0`);
  const number = await runNumber(client, run);
  return {
    title: `${name} of run ${number}`,
    at: { run: number, member: name, ...(test === undefined ? {} : { test }) },
  };
}

async function chosen(client: MasterClient, where: string): Promise<Target[]> {
  const { checkSelector, compileSelector } = await import('@tutti/protocol/selector');
  const checked = checkSelector(where);
  if (!checked.ok) {
    const hint = checked.hint === undefined ? '' : `\n${checked.hint}`;
    throw new TuttiError(
      'USAGE',
      `--where: ${checked.message}\n  ${where}\n  ${' '.repeat(checked.at)}^${hint}`,
    );
  }
  const views = (await listNodes(client)).filter(compileSelector(where));
  if (views.length === 0) throw new TuttiError('NO_SUCH_NODE', `no machine fits ${where}`);
  return views.map(({ name }) => ({ title: name, at: { node: name } }));
}

/** A typing error starts nothing anywhere. */
async function requireKnown(client: MasterClient, names: readonly string[]): Promise<void> {
  const known = (await listNodes(client)).map(({ name }) => name);
  const there = new Set(known);
  const unknown = names.filter((name) => !there.has(name));
  const [first] = unknown;
  if (first === undefined) return;
  const meant = nearest(first, known);
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  const more = unknown.length === 1 ? '' : `, nor ${unknown.length - 1} more of those`;
  throw new TuttiError('NO_SUCH_NODE', `the master knows no machine "${first}"${more}${hint}`);
}
