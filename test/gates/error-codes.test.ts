/** No error code is dead: somebody gives it to somebody, besides the table that declares it and code that only asks for it. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_CODES, LIMITS } from '../../packages/protocol/src/index.ts';

const root = join(import.meta.dirname, '../..');

/** A code counts as given where it is written as a text that nothing is compared with, or as `LIMITS.<name>.code`. */
function unusedCodes(sources: readonly string[]): string[] {
  const given = new Set<string>();
  for (const source of sources) {
    const asked = source.replaceAll(/([=!]==?|\bcase)\s*(['"`])[A-Z_]+\2/g, '');
    for (const [, , code] of asked.matchAll(/(['"`])([A-Z_]+)\1/g)) given.add(code!);
    for (const [, limit] of asked.matchAll(/\bLIMITS\.(\w+)\.code\b/g))
      given.add(LIMITS[limit as keyof typeof LIMITS].code);
  }
  return ERROR_CODES.filter((code) => !given.has(code));
}

test('every error code is given by somebody', () => {
  const declared = ['errors.ts', 'limits.ts'].map((name) => join('packages/protocol/src', name));
  const files = globSync('packages/*/{src,bin,python}/**/*.{ts,py,sh}', { cwd: root }).filter(
    (file) => !declared.includes(file),
  );
  expect(files.length).toBeGreaterThan(50);
  expect(unusedCodes(files.map((file) => readFileSync(join(root, file), 'utf8')))).toEqual([]);
});

test('a code that is only asked for is found', () => {
  const all = ERROR_CODES.filter((code) => code !== 'BAD_FRAME').map((code) => `'${code}'`);
  for (const asking of ["code === 'BAD_FRAME'", "case 'BAD_FRAME':", '// BAD_FRAME']) {
    expect(unusedCodes([...all, asking])).toEqual(['BAD_FRAME']);
  }
  for (const giving of ["new TuttiError('BAD_FRAME', '')", 'LIMITS.depth.code', '{ code: "BAD_FRAME" }']) {
    expect(unusedCodes([...all, giving])).toEqual([]);
  }
});
