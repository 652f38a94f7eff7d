/** What `include:` names: suite files below the suite's folder, by path or glob, relative to the file that says it. */
import { glob, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { nearest, staysBelow } from '@tutti/protocol';
import type { Problem } from '../problem.ts';
import type { SuiteFields } from '../schema.ts';
import type { SuiteSource, YamlPath } from '../source.ts';
import { ignoreRules } from '../staging/ignore-rules.ts';

export interface Included {
  readonly absolute: string;
  /** As it was written, or as the glob found it. */
  readonly shown: string;
  /** Where it is asked for. */
  readonly path: YamlPath;
}

/** Each file once, in the order they are named in; those of a glob alphabetically, without the file that says it. */
export async function includedFiles(
  { include }: SuiteFields,
  file: string,
  root: string,
  source: SuiteSource,
  problems: Problem[],
): Promise<Included[]> {
  const named = new Map<string, Included>();
  const single = typeof include === 'string';
  for (const [index, text] of (single ? [include] : (include ?? [])).entries()) {
    const path = single ? ['include'] : ['include', index];
    const isGlob = /[*?[{]/.test(text);
    const shown = isGlob ? await matching(text, file, root) : [text];
    if (shown.length === 0) problems.push(source.problem(path, `no file matches ${text}`));
    for (const one of shown) {
      const absolute = resolve(dirname(file), one);
      const mistake = await mistakeIn(absolute, one, root);
      if (mistake) {
        const { message, hint, code } = mistake;
        problems.push(source.problem(path, message, { hint, code: code ?? 'SUITE_INVALID' }));
      } else if (!named.has(absolute)) named.set(absolute, { absolute, shown: one, path });
    }
  }
  return [...named.values()];
}

/** Without what machines do not get either: the reports of earlier runs, for one. */
async function matching(pattern: string, file: string, root: string): Promise<string[]> {
  const ignored = await ignoreRules(root);
  const found = await Array.fromAsync(glob(pattern, { cwd: dirname(file) }));
  const isMeant = (path: string) => {
    const absolute = resolve(dirname(file), path);
    const inside = relative(root, absolute);
    return absolute !== file && !(staysBelow(inside) && ignored(inside, false));
  };
  return found.filter(isMeant).toSorted();
}

interface Mistake {
  readonly message: string;
  readonly hint?: string;
  readonly code?: 'PATH_ESCAPES';
}

async function mistakeIn(absolute: string, shown: string, root: string): Promise<Mistake | undefined> {
  if (!staysBelow(relative(root, absolute))) {
    const hint = 'keep it below the folder of the suite that is run, which is what machines get';
    return { message: `${shown} is outside the suite's folder`, hint, code: 'PATH_ESCAPES' };
  }
  const stats = await stat(absolute).catch(() => undefined);
  if (stats?.isFile()) return undefined;
  if (stats) {
    const hint = `name suite files: "${join(shown, '*.yaml')}"`;
    return { message: `${shown} is ${stats.isDirectory() ? 'a directory' : 'not a file'}`, hint };
  }
  const beside = await readdir(dirname(absolute)).catch(() => []);
  const meant = nearest(basename(absolute), beside);
  const hint = meant ? `did you mean "${join(dirname(shown), meant)}"?` : 'paths are relative to this file';
  return { message: `there is no file ${shown}`, hint };
}
