/**
 * A suite file as a run to submit: read → validate → merge → check scripts → stage.
 *
 * Guarantees a `RunSpec` that the protocol accepts, or a `TuttiError`; mistakes in the file are reported
 * together, each with its position, and before any file is hashed.
 */
import { basename, dirname, extname, relative, resolve } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { declaredParams, draftTests, type NamedScript } from './draft.ts';
import { selected } from './only.ts';
import { type LoadedSuite, refuseUnfitOptions, type SuiteOptions } from './options.ts';
import { refuseUndeclared } from './params.ts';
import { type Problem, problemsError, render } from './problem.ts';
import { oneWord } from './run-rule.ts';
import { SuiteFields } from './schema.ts';
import { scriptTrouble } from './script-check.ts';
import { SuiteSource } from './source.ts';
import type { Found } from './staging/found.ts';
import { manifestOf } from './staging/manifest.ts';
import { refuseTooLarge } from './staging/size-bound.ts';
import { walk } from './staging/walk.ts';
import { fitName } from './suite-name.ts';
import { readSuiteText } from './suite-text.ts';
import { violations } from './violation.ts';

export async function loadSuiteFile(path: string, options: SuiteOptions): Promise<LoadedSuite> {
  refuseUnfitOptions(options);
  if (options.files.length > 0) {
    throw new TuttiError(
      'USAGE',
      '--file goes with --role; with a suite file its whole folder is sent to the machines',
    );
  }
  const absolute = resolve(options.cwd, path);
  const root = dirname(absolute);
  const source = new SuiteSource(shownPath(absolute, options.cwd), await readSuiteText(absolute, path));
  const suite = validated(source);
  refuseUndeclared(options.params, declaredParams(suite));

  const draft = draftTests(suite, source, options);
  const { found, warnings } = await walk(root, '');
  const staged = new Map(found.map((entry) => [entry.path, entry]));
  draft.problems.push(...(await scriptProblems(draft.scripts, root, staged, source)));
  if (draft.problems.length > 0) throw problemsError(draft.problems);
  const tests = selected(draft.tests, options.only);
  warnings.push(...new Set(draft.scripts.flatMap((script) => forgottenDotSlash(script, staged, source))));

  refuseTooLarge(found, options.big);
  const { files, sources } = await manifestOf(found);
  const name = options.name ?? suite.suite ?? basename(absolute, extname(absolute));
  return { spec: { suite: fitName(name), tests, files }, root, sources, warnings };
}

/** The file's contents as the schema has them; everything that is wrong with notation and shape at once. */
function validated(source: SuiteSource): SuiteFields {
  if (!source.usable) throw problemsError(source.problems);
  if (source.value === null || source.value === undefined) {
    throw problemsError([
      source.problem([], 'the suite is empty', { hint: 'it needs "tests:", a list with a "name" each' }),
    ]);
  }
  const parsed = SuiteFields.safeParse(source.value);
  if (parsed.success && source.problems.length === 0) return parsed.data;
  throw problemsError([...source.problems, ...(parsed.success ? [] : violations(parsed.error, source))]);
}

async function scriptProblems(
  scripts: readonly NamedScript[],
  root: string,
  staged: ReadonlyMap<string, Found>,
  source: SuiteSource,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { script, path } of scripts) {
    if (script.kind !== 'staged') continue;
    const trouble = await scriptTrouble(root, script.path, staged);
    if (trouble) problems.push(source.problem(path, trouble.message, trouble));
  }
  return problems;
}

/** `run: client.py` beside a file of that name is an inline script that will not find it. */
function forgottenDotSlash(
  { script, run, path }: NamedScript,
  staged: ReadonlyMap<string, Found>,
  source: SuiteSource,
): string[] {
  const word = oneWord(run);
  if (script.kind !== 'inline' || word === undefined || staged.get(word)?.kind !== 'file') return [];
  const hint = `to run the file, write "./${word}"`;
  return [
    render(source.problem(path, `"${word}" is taken as a command, not as the file of that name`, { hint })),
  ];
}

/** As short as it can be clicked on in a terminal. */
function shownPath(absolute: string, cwd: string): string {
  const short = relative(cwd, absolute);
  return short.startsWith('..') ? absolute : short;
}
