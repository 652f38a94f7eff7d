/**
 * Which tests are in a run at all: `--only GLOB` and `--skip GLOB` by name, `--tag WORD` and `--tag !WORD` by tag.
 *
 * Guarantees at least one, or a `TuttiError` that says what there is to choose from.
 */
import { nearest, TuttiError } from '@tutti/protocol';
import { globPattern } from './glob.ts';

export interface Choice {
  /** A test is taken when any of them matches. */
  readonly only: readonly string[];
  /** A test is left out when any of them matches. */
  readonly skip: readonly string[];
  /** A test is taken when it has any of the plain ones, and left out when it has any of those with `!`. */
  readonly tags: readonly string[];
}

interface Named {
  readonly name: string;
  readonly tags?: readonly string[] | undefined;
}

const SHOWN = 20;

export function chosen<T extends Named>(tests: readonly T[], { only, skip, tags }: Choice): T[] {
  const wanted = tags.filter((tag) => !tag.startsWith('!'));
  const unwanted = tags.filter((tag) => tag.startsWith('!')).map((tag) => tag.slice(1));
  refuseUnknown(tests, wanted);
  const onlyThese = only.map(globPattern);
  const notThese = skip.map(globPattern);
  const left = tests.filter(({ name, tags: own = [] }) => {
    if (onlyThese.length > 0 && !onlyThese.some((pattern) => pattern.test(name))) return false;
    if (wanted.length > 0 && !own.some((tag) => wanted.includes(tag))) return false;
    return !notThese.some((pattern) => pattern.test(name)) && !own.some((tag) => unwanted.includes(tag));
  });
  if (left.length > 0) return left;
  const asked = [
    ...only.map((glob) => `--only "${glob}"`),
    ...skip.map((glob) => `--skip "${glob}"`),
    ...tags.map((tag) => `--tag "${tag}"`),
  ];
  const verb = asked.length === only.length ? 'matches' : 'leaves';
  const names = shortList(tests.map(({ name }) => name));
  throw new TuttiError('USAGE', `${asked.join(' ')} ${verb} no test; the suite has: ${names}`);
}

/** What was meant to be left out would run otherwise, and nobody would notice. */
export function idleSkips(tests: readonly Named[], { skip }: Choice): string[] {
  return skip
    .filter((glob) => !tests.some(({ name }) => globPattern(glob).test(name)))
    .map((glob) => `--skip "${glob}" matches no test`);
}

function refuseUnknown(tests: readonly Named[], wanted: readonly string[]): void {
  const known = new Set(tests.flatMap(({ tags = [] }) => tags));
  for (const tag of wanted) {
    if (known.has(tag)) continue;
    const meant = nearest(tag, known);
    const hint = meant ? `; did you mean "${meant}"?` : '';
    const advice = known.size === 0 ? 'none has any' : `there are: ${shortList([...known].toSorted())}`;
    throw new TuttiError('USAGE', `--tag ${tag}: no test has this tag; ${advice}${hint}`);
  }
}

function shortList(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return names.slice(0, SHOWN).join(', ') + more;
}
