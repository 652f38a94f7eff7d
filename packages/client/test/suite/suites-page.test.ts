/** The suites that docs/suites.md shows are suites; its headers are headers; its tables name every key. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type PlannedSuite, planSuite } from '../../src/suite/index.ts';
import { RoleFields, SuiteFields, TestFields } from '../../src/suite/schema.ts';
import { parseSkipList } from '../../src/suite/skip-list.ts';
import { options, SCRIPT, suiteFolder } from './suite-folder.ts';

const page = await readFile(join(import.meta.dirname, '../../../../docs/suites.md'), 'utf8');
const suites = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => ({ text }));
const scripts = [...page.matchAll(/<!-- script: (.*?) -->\n```\w+\n(.*?)```/gs)].map(
  ([, name = '', text = '']) => ({
    name,
    text,
  }),
);

/** With every script that it names, and what the page's `include` does. */
async function planned(text: string): Promise<PlannedSuite> {
  const folder = await suiteFolder({
    'suite.yaml': text,
    'tcp.yaml': 'tests: [{ name: throughput, roles: { a: ls } }]\n',
    'failover.ts': 'console.log(1);\n',
    'net/udp.yaml': 'tests: [{ name: x, roles: { a: ls } }]\n',
  });
  for (const [, path = ''] of text.matchAll(/(\.\/[\w-]+\.sh)\b/g)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), SCRIPT);
    await chmod(join(folder, path), 0o755);
  }
  return planSuite('suite.yaml', options(folder));
}

describe('docs/suites.md', () => {
  test('shows suites and scripts', () => {
    expect(suites.length).toBeGreaterThan(6);
    expect(scripts).toHaveLength(2);
  });

  test.each(suites)('has a suite without mistakes: $text', async ({ text }) => {
    expect((await planned(text)).warnings).toEqual([]);
  });

  test('says what the tests are called', async () => {
    const names = await Promise.all(
      suites.map(async ({ text }) => (await planned(text)).run.tests.map(({ name }) => name)),
    );
    expect(names.flat()).toEqual(
      expect.arrayContaining([
        'throughput[streams=1,mode=plain]',
        'throughput[streams=16,mode=tls]',
        'tcp/throughput',
      ]),
    );
  });

  test('has headers that say what the tests need', async () => {
    const folder = await suiteFolder(Object.fromEntries(scripts.map(({ name, text }) => [name, text])));
    for (const { name } of scripts) await chmod(join(folder, name), 0o755);
    const { run } = await planSuite('.', options(folder));
    expect(run.tests).toMatchObject([
      { name: 'exchange[size=1]', roles: [{ name: 'left' }, { name: 'right' }] },
      { name: 'exchange[size=64]' },
      { name: 'failover', timeout: 300, tags: ['slow'], roles: [{ where: 'cpus >= 2' }, { count: 2 }] },
    ]);
  });

  test('has a skip list that names tests', () => {
    const [list = ''] = [...page.matchAll(/```text\n(# known.*?)```/gs)].map(([, text = '']) => text);
    expect(parseSkipList(list, 'skips').entries.map(({ reason }) => reason)).toEqual([
      'no driver yet',
      'issue 40',
    ]);
  });

  test('has a row for every key, and no other', () => {
    const section = /## Every key\n(.*?)\n## /s.exec(page)?.[1] ?? '';
    const rows = [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(.*?)`/g)].map(([, key]) => key),
    );
    const keys = [SuiteFields, TestFields, RoleFields].flatMap(({ shape }) => Object.keys(shape));
    expect(new Set(rows)).toEqual(new Set(keys));
  });
});
