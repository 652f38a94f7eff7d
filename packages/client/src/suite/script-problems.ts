/** What is wrong with the scripts that a suite names, each looked at once however many tests run it. */
import { posix } from 'node:path';
import type { NamedScript } from './draft.ts';
import { type Problem, render } from './problem.ts';
import { oneWord } from './run-rule.ts';
import { type ScriptTrouble, scriptTrouble } from './script-check.ts';
import type { Found } from './staging/found.ts';

type Staged = ReadonlyMap<string, Found>;

export async function scriptProblems(
  scripts: readonly NamedScript[],
  root: string,
  staged: Staged,
): Promise<Problem[]> {
  const looked = new Map<string, ScriptTrouble | undefined>();
  const problems: Problem[] = [];
  for (const { script, folder, source, path } of scripts) {
    if (script.kind !== 'staged') continue;
    const key = `${folder}\0${script.path}`;
    if (!looked.has(key)) looked.set(key, await scriptTrouble(root, script.path, staged, folder));
    const trouble = looked.get(key);
    if (trouble) problems.push(problemOf(trouble, script.path, folder, source, path));
  }
  return problems;
}

/** Where it is wrong, or where it was named. */
function problemOf(
  { code, message, hint, at }: ScriptTrouble,
  script: string,
  folder: string,
  source: NamedScript['source'],
  path: NamedScript['path'],
): Problem {
  if (at === undefined) return source.problem(path, message, { code, hint });
  const file = posix.join(posix.dirname(source.file), posix.relative(folder, script));
  return { code, file, ...at, message, hint };
}

/** Inline scripts that will not find the file that they seem to mean. */
export function inlineWarnings(scripts: readonly NamedScript[], staged: Staged): string[] {
  const warnings = scripts.flatMap((named) => {
    if (named.script.kind !== 'inline') return [];
    const { run, source, path } = named;
    const doubt = forgottenDotSlash(run, named.folder, staged) ?? elsewhere(run, named.folder, staged);
    return doubt ? [render(source.problem(path, doubt.message, doubt))] : [];
  });
  return [...new Set(warnings)];
}

interface Doubt {
  readonly message: string;
  readonly hint: string;
}

/** `run: client.py` beside a file of that name. */
function forgottenDotSlash(run: string, folder: string, staged: Staged): Doubt | undefined {
  const word = oneWord(run);
  if (word === undefined || staged.get(posix.join(folder, word))?.kind !== 'file') return undefined;
  const message = `"${word}" is taken as a command, not as the file of that name`;
  return { message, hint: `to run the file, write "./${word}"` };
}

/** `run: ./client.py --fast` in a file that is included: scripts start in the folder of the suite that is run. */
function elsewhere(run: string, folder: string, staged: Staged): Doubt | undefined {
  if (folder === '') return undefined;
  for (const [, word = ''] of run.matchAll(/^\s*(\.\/[^\s;|&<>"'$]+)/gm)) {
    const meant = posix.join(folder, word);
    if (staged.has(posix.normalize(word)) || staged.get(meant)?.kind !== 'file') continue;
    const message = `"${word}" is not where this script starts, in the folder of the suite that is run`;
    return { message, hint: `there, it is "./${meant}"` };
  }
  return undefined;
}
