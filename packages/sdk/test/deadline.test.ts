/** How much time a wait has that says nothing: what is left of the test, as far as the script knows. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PYTHON, PYTHON_PATH, python } from './languages.ts';

const FILE = JSON.stringify(pathToFileURL(join(import.meta.dirname, '../src/deadline.ts')).href);

const SCRIPTS = {
  TypeScript: [
    process.execPath,
    '--input-type=module',
    '-e',
    `import { defaultTimeout, noteTimeLeft } from ${FILE};
const said = [defaultTimeout()];
noteTimeLeft(3);
said.push(defaultTimeout());
noteTimeLeft(-5);
said.push(defaultTimeout());
console.log(JSON.stringify(said));`,
  ],
  Python: [
    PYTHON,
    '-c',
    `import json
from tutti import _clock
said = [_clock.default_timeout()]
_clock.note_time_left(3)
said.append(_clock.default_timeout())
_clock.note_time_left(-5)
said.append(_clock.default_timeout())
print(json.dumps(said))`,
  ],
};

const languages = python.available ? (['TypeScript', 'Python'] as const) : (['TypeScript'] as const);

describe.each(languages)('in %s', (language) => {
  const said = (deadline: string | undefined): (number | null)[] => {
    const [program = '', ...args] = SCRIPTS[language];
    const env = { ...process.env, PYTHONPATH: PYTHON_PATH, PYTHONDONTWRITEBYTECODE: '1' };
    const given = deadline === undefined ? {} : { TUTTI_DEADLINE: deadline };
    const { stdout } = spawnSync(program, args, { env: { ...env, ...given }, encoding: 'utf8' });
    return JSON.parse(stdout) as (number | null)[];
  };

  test('it is what is left less 2 s, but never less than half, and never nothing', () => {
    const [first, second, last] = said('1000');
    expect(first).toBeLessThan(998);
    expect(first).toBeGreaterThan(900);
    expect(second).toBeLessThan(1.5);
    expect(second).toBeGreaterThan(1.4);
    expect(last).toBe(0.001);
  });

  test('outside of a run there is no limit, until one is told', () => {
    const [first, second] = said(undefined);
    expect(first).toBeNull();
    expect(second).toBeGreaterThan(1.4);
  });
});
