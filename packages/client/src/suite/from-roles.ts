/**
 * A run without a suite file: `--role NAME[:COUNT]=SCRIPT …`, perhaps with a driver, as one test, with the named scripts and files.
 *
 * Guarantees a `RunSpec` that the protocol accepts, or a `TuttiError` that quotes the option at fault.
 */
import { lstat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type RoleSpec, staysBelow, TuttiError } from '@tutti/protocol';
import { asRun, DRIVER, driverRole } from './drive.ts';
import { failsFast, stagedSuite } from './load-suite.ts';
import { type LoadedSuite, refuseUnfitOptions, type SuiteOptions } from './options.ts';
import { textParams } from './params.ts';
import { planTests } from './plan-tests.ts';
import { parseRoleOption, ROLE_FORM, type RoleOption } from './role-option.ts';
import { meaningOf, oneWord } from './run-rule.ts';
import { DEFAULT_SECONDS } from './schema.ts';
import { scriptTrouble } from './script-check.ts';
import { namedFiles } from './staging/named.ts';
import { refuseTooLarge } from './staging/size-bound.ts';
import type { Tree } from './staging/walk.ts';
import { fitName, nameFromScripts } from './suite-name.ts';

export async function suiteFromRoles(options: readonly string[], given: SuiteOptions): Promise<LoadedSuite> {
  refuseUnfitOptions(given);
  const root = resolve(given.cwd);
  const driven = given.drive !== undefined;
  const parsed = options.map((option) => parseRoleOption(option, driven));
  const roles = [...(await rolesFrom(parsed, driven, root)), ...driver(given.drive, root)];
  const { found, warnings } = await filesOf(roles, given.files, root);
  refuseTooLarge(found, given.big);
  const name = given.name === undefined ? nameFromScripts(roles) : fitName(given.name);
  const test = {
    name,
    ...DEFAULT_SECONDS,
    timeout: given.timeout ?? DEFAULT_SECONDS.timeout,
    params: textParams(given.params),
    roles,
  };
  const planned = await planTests([test], [], given);
  const run = { suite: name, tests: planned.tests, failFast: failsFast(given) };
  return stagedSuite({ run, root, found, warnings: [...warnings, ...planned.warnings] });
}

async function rolesFrom(options: readonly RoleOption[], driven: boolean, root: string): Promise<RoleSpec[]> {
  if (options.length === 0 && !driven) {
    throw new TuttiError('USAGE', `nothing to run: ${ROLE_FORM}, or name a suite file`);
  }
  const names = new Set<string>();
  for (const { name } of options) {
    if (names.has(name)) {
      const advice = `for several machines write --role ${name}:2=…`;
      throw new TuttiError('USAGE', `--role ${name} is given twice; ${advice}`);
    }
    if (driven && name === DRIVER)
      throw new TuttiError('USAGE', `--role ${name}: that is what the role of --drive is called`);
    names.add(name);
  }
  return Promise.all(options.map((option) => roleFrom(option, root)));
}

async function roleFrom({ head, name, count, run }: RoleOption, root: string): Promise<RoleSpec> {
  const rest = { name, count, params: {}, env: {}, essential: true };
  if (run === undefined) return { ...rest, script: { kind: 'none' } };
  const meaning = meaningOf(run);
  if (meaning.is === 'escape') throw outside(`--role ${name}`, meaning.path, root);
  const { script } = meaning;
  const word = oneWord(run);
  if (script.kind === 'inline' && word && staysBelow(word) && (await kindOf(root, word)) === 'file') {
    throw new TuttiError(
      'USAGE',
      `--role ${head}=${word}: "${word}" is taken as a command, not as the file of that name; ` +
        `to run the file, write --role ${head}=./${word}`,
    );
  }
  return { ...rest, script };
}

function driver(file: string | undefined, root: string): RoleSpec[] {
  if (file === undefined) return [];
  const meaning = meaningOf(asRun(file));
  if (meaning.is === 'escape') throw outside('--drive', meaning.path, root);
  if (meaning.script.kind === 'inline')
    throw new TuttiError('USAGE', `--drive ${file}: name a file below ${root}`);
  return [driverRole(meaning.script, undefined, [])];
}

async function filesOf(roles: readonly RoleSpec[], files: readonly string[], root: string): Promise<Tree> {
  const paths = await Promise.all(files.map((file) => fileOption(file, root)));
  for (const { script } of roles) {
    if (script.kind === 'staged' && (await kindOf(root, script.path))) paths.push(script.path);
  }
  const tree = await namedFiles(root, paths);
  const staged = new Map(tree.found.map((entry) => [entry.path, entry]));
  for (const { name, script, drives } of roles) {
    const trouble = script.kind === 'staged' && (await scriptTrouble(root, script.path, staged));
    if (trouble) {
      const hint = trouble.hint ? `; ${trouble.hint}` : '';
      const place = trouble.at ? `${script.path}:${trouble.at.line}:${trouble.at.column}: ` : '';
      const option = drives ? '--drive' : `--role ${name}`;
      throw new TuttiError(trouble.code, `${option}: ${place}${trouble.message}${hint}`);
    }
  }
  return tree;
}

async function fileOption(file: string, root: string): Promise<string> {
  const path = relative(root, resolve(root, file));
  if (path !== '' && !staysBelow(path)) throw outside('--file', file, root);
  if (await kindOf(root, path)) return path;
  throw new TuttiError('USAGE', `--file ${file}: there is no such file in ${root}`);
}

function outside(option: string, path: string, root: string): TuttiError {
  return new TuttiError(
    'PATH_ESCAPES',
    `${option}: ${path} is outside ${root}, and paths are kept on the machines: ` +
      'run from a directory above it, or copy it here',
    { details: { path } },
  );
}

async function kindOf(root: string, path: string): Promise<'file' | 'other' | undefined> {
  const stats = await lstat(join(root, path)).catch(() => undefined);
  return stats && (stats.isDirectory() ? 'other' : 'file');
}
