/**
 * Whether a staged script will run where it is sent: it exists, lies inside the root, is among what is
 * staged, and is runnable. Says so before any machine is taken.
 */
import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { type ErrorCode, FIRST_BYTES, interpreterFor, nearest, staysBelow } from '@tutti/protocol';
import { quote } from './quote.ts';
import { syntaxTrouble } from './script-syntax.ts';
import type { Found } from './staging/found.ts';
import { cannotRead } from './staging/unreadable.ts';

export interface ScriptTrouble {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  /** In the script itself. */
  readonly at?: { readonly line: number; readonly column: number; readonly quote: string };
}

/**
 * `path` is relative to `root`; `staged` is what will be there, by path; `folder` is where below `root` the script was
 * named, and what people see is relative to it.
 */
export async function scriptTrouble(
  root: string,
  path: string,
  staged: ReadonlyMap<string, Found>,
  folder = '',
): Promise<ScriptTrouble | undefined> {
  const shown = asNamed(path, folder);
  const real = await realpath(join(root, path)).catch(() => undefined);
  if (real === undefined) {
    const beside = await readdir(join(root, dirname(path))).catch(() => []);
    const meant = nearest(basename(path), beside);
    const hint = meant
      ? `did you mean "${asNamed(join(dirname(path), meant), folder)}"?`
      : `paths are relative to ${join(root, folder)}`;
    return { code: 'SCRIPT_MISSING', message: `the script ${shown} does not exist`, hint };
  }
  const inside = relative(await realpath(root), real);
  if (!staysBelow(inside)) {
    const hint = `keep scripts below ${root}, which is what machines get`;
    return { code: 'PATH_ESCAPES', message: `the script ${shown} leads to ${real}, outside the suite`, hint };
  }
  if (!staged.has(inside) || isLeftOut(path, staged)) {
    const hint = '.git, node_modules, tutti-results and what .tuttiignore names are not sent to machines';
    return { code: 'SCRIPT_MISSING', message: `the script ${shown} is left out of what machines get`, hint };
  }
  const stats = await stat(real);
  if (!stats.isFile())
    return { code: 'SCRIPT_NOT_RUNNABLE', message: `${shown} is a directory, not a script` };
  const how = interpreterFor(shown, await firstBytes(shown, real), (stats.mode & 0o111) !== 0);
  if (how.run === 'node') return unreadable(shown, real);
  if (how.run !== 'nothing') return undefined;
  return { code: 'SCRIPT_NOT_RUNNABLE', message: `the script ${shown} cannot be run: ${how.why}` };
}

/** Node would say so too, but on the machine. */
async function unreadable(shown: string, path: string): Promise<ScriptTrouble | undefined> {
  const code = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw cannotRead(shown, cause);
  });
  const trouble = syntaxTrouble(code);
  if (trouble === undefined) return undefined;
  const { message, line, column, hint } = trouble;
  const text = code.split('\n')[line - 1] ?? '';
  return {
    code: 'SCRIPT_SYNTAX',
    message,
    hint,
    at: { line, column, quote: quote(text, line, column, 1) },
  };
}

function asNamed(path: string, folder: string): string {
  const named = relative(join('/', folder), join('/', path));
  return named.startsWith('../') ? named : `./${named}`;
}

/** The way to the script, up to the first link on it. */
function isLeftOut(path: string, staged: ReadonlyMap<string, Found>): boolean {
  const parts = path.split('/');
  for (let length = 1; length <= parts.length; length += 1) {
    const entry = staged.get(parts.slice(0, length).join('/'));
    if (!entry) return true;
    if (entry.kind === 'link') return false;
  }
  return false;
}

async function firstBytes(shown: string, absolute: string): Promise<Uint8Array> {
  try {
    await using file = await open(absolute);
    const { buffer, bytesRead } = await file.read({ buffer: new Uint8Array(FIRST_BYTES) });
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    throw cannotRead(shown, cause);
  }
}
