/**
 * docs/writing-tests.md, and docs/drivers.md for drivers, say what is there: their commands are understood, their Python and their
 * TypeScript name real things.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as sdk from '../src/index.ts';
import { parse } from '../src/shell/parse.ts';
import { VERBS, verbNamed } from '../src/shell/verbs.ts';
import { PYTHON_PATH } from './languages.ts';

const DOCS = join(import.meta.dirname, '../../../docs');
const [scripts, drivers] = ['writing-tests.md', 'drivers.md'].map((name) =>
  readFileSync(join(DOCS, name), 'utf8'),
);
const page = `${scripts}\n${drivers}`;
const code = [...page.matchAll(/```(?:sh|python|ts)\n(.*?)```|`([^`\n]+)`/gs)].map(
  ([, block, inline]) => block ?? inline ?? '',
);

/** The words of each `tutti …` command, quotes removed; those with a placeholder in capitals are of another kind. */
const commands = code
  .flatMap((text) =>
    [...text.matchAll(/(?<![\w.:'"])tutti ([a-z-]+(?: |'[^']*'|"[^"]*"|[^\s|;})#'"])*)/g)].map(
      ([, words]) => words ?? '',
    ),
  )
  .map((words) =>
    [...words.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)].map((word) => word[1] ?? word[2] ?? word[3] ?? ''),
  )
  .filter(([verb]) => verb !== 'run' && verb !== 'help');

describe('writing-tests.md', () => {
  test.each(commands.map((words) => ({ words })))(
    'tutti $words is understood',
    ({ words: [name = '', ...rest] }) => {
      expect(() => parse(name, verbNamed(name), rest)).not.toThrow();
    },
  );

  test('shows every verb of the shell', () => {
    expect(new Set(commands.map(([verb]) => verb))).toEqual(new Set(Object.keys(VERBS)));
  });

  test('shows every call of Python, and none that is not there', () => {
    const named = new Set([...page.matchAll(/\btutti\.([A-Za-z_]+)\b/g)].map(([, name]) => name));
    const all =
      /__all__ = \[(.*?)\]/s.exec(readFileSync(join(PYTHON_PATH, 'tutti/__init__.py'), 'utf8'))?.[1] ?? '';
    const given = new Set([...all.matchAll(/'(\w+)'/g)].map(([, name]) => name));
    for (const made of ['Released', 'Message']) given.delete(made); // what calls return; nobody makes one
    expect(named).toEqual(given);
  });

  test('shows every call of TypeScript', () => {
    const shown = Object.keys(sdk).filter((name) => new RegExp(`\\b${name}\\b[(.]?`).test(code.join('\n')));
    expect(shown).toEqual(Object.keys(sdk));
  });

  test('names only error codes that exist', () => {
    const table = readFileSync(join(DOCS, 'errors.md'), 'utf8');
    const named = code.filter((text) => /^[A-Z]+_[A-Z_]+$/.test(text) && !text.startsWith('TUTTI_'));
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !table.includes(`## \`${name}\``))).toEqual([]);
  });
});
