/**
 * Parameters from `--param`: they override what suite, test or role declare under that name, and declare
 * nothing themselves, so that a slip of the hand is not a run with the default.
 */
import { Identifier, nearest, type Params, type ParamValue, TuttiError } from '@tutti/protocol';
import { isScalar, parseDocument } from 'yaml';

export type GivenParams = Readonly<Record<string, string>>;

/** `declared` with the given values in place of its own, in the declared value's type where the text allows it. */
export function overridden(declared: Params, given: GivenParams): Params {
  return Object.fromEntries(
    Object.entries(declared).map(([name, value]) => {
      const text = Object.hasOwn(given, name) ? given[name] : undefined;
      return [name, text === undefined ? value : typedLike(value, text)];
    }),
  );
}

export function refuseUndeclared(given: GivenParams, declared: ReadonlySet<string>): void {
  for (const name of Object.keys(given)) {
    if (declared.has(name)) continue;
    const known = [...declared].toSorted();
    const meant = nearest(name, known);
    const advice = known.length === 0 ? 'the suite declares none' : `the suite declares: ${known.join(', ')}`;
    const hint = meant ? `; did you mean "${meant}"?` : '';
    throw new TuttiError('USAGE', `--param ${name}: no such parameter; ${advice}${hint}`);
  }
}

/** Parameters of a run without a suite file: all text. */
export function textParams(given: GivenParams): Params {
  for (const name of Object.keys(given)) {
    const parsed = Identifier.safeParse(name);
    if (!parsed.success) {
      throw new TuttiError('USAGE', `--param ${name}: ${parsed.error.issues[0]?.message ?? 'not a name'}`);
    }
  }
  return { ...given };
}

/** What cannot be an environment variable's value in a script. */
export function refuseUnfit(given: GivenParams): void {
  for (const [name, text] of Object.entries(given)) {
    if (text.length > 65_536) {
      throw new TuttiError('USAGE', `--param ${name}: the value is longer than 65536 characters`);
    }
    if (text.includes('\0')) throw new TuttiError('USAGE', `--param ${name}: the value contains NUL`);
  }
}

/** The text as a value of the type that `declared` has, where it can be one. */
export function typedLike(declared: ParamValue, text: string): ParamValue {
  // No number is longer; and the YAML parser should not have to climb whatever else there is.
  if (typeof declared === 'string' || text.length > 64) return text;
  const document = parseDocument(text, { logLevel: 'silent' });
  if (document.errors.length > 0 || !isScalar(document.contents)) return text;
  const { value } = document.contents;
  if (typeof declared === 'boolean') return typeof value === 'boolean' ? value : text;
  return typeof value === 'number' && Number.isFinite(value) ? value : text;
}
