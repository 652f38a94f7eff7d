/**
 * A suite file or directory as a run to submit: open → merge → check scripts → choose → stage.
 *
 * Guarantees a `RunSpec` that the protocol accepts, or a `TuttiError`; mistakes in the files are reported
 * together, each with its position, and before any file is hashed.
 */
import { type RunSpec, TuttiError } from '@tutti/protocol';
import { declaredParams, draftPart } from './draft.ts';
import { durationSeconds } from './duration.ts';
import { expressionProblems } from './expressions.ts';
import { type LoadedSuite, type PlannedSuite, refuseUnfitOptions, type SuiteOptions } from './options.ts';
import { refuseUndeclared } from './params.ts';
import { openSuite } from './parts/open-suite.ts';
import { planTests } from './plan-tests.ts';
import { problemsError } from './problem.ts';
import { inlineWarnings, scriptProblems } from './script-problems.ts';
import { draftStep, type StepDraft, stepSpec } from './setup.ts';
import { manifestOf } from './staging/manifest.ts';
import { refuseTooLarge } from './staging/size-bound.ts';
import { walk } from './staging/walk.ts';
import { fitName } from './suite-name.ts';
import { countProblems, nameProblems } from './test-names.ts';

/** Everything but hashing its files: enough to say what would run. */
export async function planSuite(path: string, options: SuiteOptions): Promise<PlannedSuite> {
  refuseUnfitOptions(options);
  if (options.files.length > 0) {
    throw new TuttiError(
      'USAGE',
      '--file goes with --role; with a suite its whole folder is sent to the machines',
    );
  }
  if (options.drive !== undefined) {
    throw new TuttiError('USAGE', '--drive goes with --role; in a suite its tests say "drive: FILE"');
  }
  const { root, parts, main, problems, warnings, ...opened } = await openSuite(path, options.cwd);
  if (problems.length === 0) {
    refuseUndeclared(options.params, new Set(parts.flatMap(declaredParams)));
    problems.push(...countProblems(parts, options.params));
    if (problems.length > 0) throw problemsError(problems);
  }

  const drafts = parts.map((part) => draftPart(part, options));
  const drafted = drafts.flatMap(({ tests }) => tests);
  const roles = new Set(drafted.flatMap(({ spec }) => spec.roles.map(({ name }) => name)));
  const setup = main && draftStep('setup', main, roles);
  const teardown = main && draftStep('teardown', main, roles);
  const named = [...drafts, ...[setup, teardown].filter((step) => step !== undefined)];
  const scripts = named.flatMap((draft) => draft.scripts);
  const tree = opened.tree ?? (await walk(root, ''));
  const staged = new Map(tree.found.map((entry) => [entry.path, entry]));
  problems.push(...named.flatMap((draft) => draft.problems), ...nameProblems(drafted));
  problems.push(...parts.flatMap(expressionProblems));
  problems.push(...(await scriptProblems(scripts, root, staged)));
  if (problems.length > 0) throw problemsError(problems);

  const lists = parts.flatMap(({ skipList: list, prefix }) => (list ? [{ list, prefix }] : []));
  const planned = await planTests(
    drafted.map(({ spec }) => spec),
    lists,
    options,
  );
  const step = (draft: StepDraft | undefined) => draft && stepSpec(draft, planned.tests, options);
  const fields = main?.fields;
  const run = {
    suite: fitName(options.name ?? fields?.suite ?? opened.defaultName),
    tests: planned.tests,
    setup: step(setup),
    teardown: step(teardown),
    failFast: failsFast(options, fields?.['fail-fast']),
    timeout: fields?.['run-timeout'] === undefined ? undefined : durationSeconds(fields['run-timeout']),
  };
  warnings.push(...tree.warnings, ...planned.warnings, ...inlineWarnings(scripts, staged));
  refuseTooLarge(tree.found, options.big);
  return { run, root, found: tree.found, warnings };
}

export async function loadSuite(path: string, options: SuiteOptions): Promise<LoadedSuite> {
  return stagedSuite(await planSuite(path, options));
}

/** With the digests of what machines get. */
export async function stagedSuite({ run, root, found, warnings }: PlannedSuite): Promise<LoadedSuite> {
  const { files, sources } = await manifestOf(found);
  return { spec: { ...run, files }, root, sources, warnings };
}

/** Absent rather than false. */
export function failsFast({ failFast, untilFail }: SuiteOptions, suite = false): RunSpec['failFast'] {
  return failFast || untilFail || suite ? true : undefined;
}
