/** What both SDKs know by themselves is the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '@tutti/protocol';
import { expect, test } from 'vitest';

const SDK = join(import.meta.dirname, '../..');

function codes(file: string, table: RegExp): string[] {
  const [, inside = ''] = table.exec(readFileSync(join(SDK, file), 'utf8')) ?? [];
  return [...inside.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code).toSorted();
}

test('the codes that say that the lab is broken are the same in both, and in the table of errors', () => {
  const typescript = codes('src/drive/failures/classify.ts', /LAB_CODES = new Set\(\[(.*?)\]\)/s);
  const python = codes('python/tutti/_failures.py', /_LAB_CODES = frozenset\(\[(.*?)\]\)/s);
  // Of the operating system; Python has a class of errors for it.
  expect(typescript.filter((code) => code !== 'ENOSPC')).toEqual(python);
  expect(python.length).toBeGreaterThan(10);
  expect(python.filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([]);
});
