/** Suites as people keep them: files that include each other, directories of scripts; looked at, chosen from, run. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folder, named, stdoutOf } from './support/results.ts';
import { readReport, reportMistakes, tutti } from './support/tutti.ts';

const FILES = {
  'suite.yaml': `
suite: all
include: net/*.yaml
params: { greeting: hello }
roles: { a: ./say.sh }
tests:
  - name: say
    matrix: { word: [one, two] }
  - name: never
    tags: [slow]
`,
  'say.sh': '#!/bin/sh -e\necho "$TUTTI_PARAM_GREETING $TUTTI_PARAM_WORD"\n',
  'net/pair.yaml': 'tests: [{ name: meet, tags: [net], roles: { left: ./meet.sh, right: ./meet.sh } }]\n',
  'net/meet.sh': '#!/bin/sh -e\ntutti barrier here\necho "$TUTTI_ROLE in $TUTTI_TEST"\n',
};

test('a suite of several files: looked at, chosen from, run', async () => {
  const cwd = await folder(FILES);
  const checked = await tutti(['check', 'suite.yaml'], { cwd });
  expect(checked).toMatchObject({
    code: 0,
    stdout: 'ok: 4 tests, 3 roles, at most 3 machines\n',
    stderr: '',
  });

  const choice = ['--tag', '!slow', '--skip', '*word=one]', '--param', 'greeting=bye'];
  const listed = await tutti(['list', '.', '--json', ...choice], { cwd });
  const { tests } = JSON.parse(listed.stdout) as { tests: { name: string }[] };
  expect(tests.map(({ name }) => name)).toEqual(['pair/meet', 'say[word=two]']);

  const { code } = await tutti(['run', '--local', 'suite.yaml', ...choice, '--repeat', '2'], { cwd });
  expect(code).toBe(0);
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  expect(report).toMatchObject({ suite: 'all', status: 'PASS', summary: { total: 4, pass: 4 } });
  expect(report.tests.map(({ name }) => name)).toEqual([
    'pair/meet',
    'say[word=two]',
    'pair/meet#2',
    'say[word=two]#2',
  ]);
  expect(await stdoutOf(cwd, named(report, 'pair/meet'), 'right.0')).toBe('right in pair/meet\n');
  expect(await stdoutOf(cwd, named(report, 'say[word=two]#2'), 'a.0')).toBe('bye two\n');
});

test('a directory of scripts, each saying for itself what it needs', async () => {
  const cwd = await folder({
    'suites/sync/meet.test.sh': `#!/bin/sh -e
# tutti: {roles: {left: , right: {count: 2}}, timeout: 1m}
tutti barrier here
. ./lib/say
say "$TUTTI_MEMBER"
`,
    'suites/alone.test.sh': '#!/bin/sh\nexit 3\n',
    'suites/lib/say': 'say() { echo "this is $1"; }\n',
  });
  const { code, stderr } = await tutti(['run', '--local', 'suites'], { cwd });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^4 agents /);
  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(report).toMatchObject({ suite: 'suites', summary: { total: 2, pass: 1, fail: 1 } });
  expect(named(report, 'alone').status).toBe('FAIL');
  expect(await stdoutOf(cwd, named(report, 'sync/meet'), 'right.1')).toBe('this is right.1\n');
});

test('every mistake of every file is told at once, before anything is started', async () => {
  const cwd = await folder({
    ...FILES,
    'net/pair.yaml': 'tests: [{ name: meet, roles: { left: { run: ./met.sh, where: cpu > 2 } } }]\n',
    'net/loop.yaml': 'include: [../suite.yaml]\n',
  });
  const { code, stdout, stderr } = await tutti(['run', '--local', 'suite.yaml'], { cwd });
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain(
    'net/loop.yaml:1:11: a suite cannot include itself: suite.yaml → net/loop.yaml → suite.yaml\n',
  );
  expect(stderr).toContain('net/pair.yaml:1:45: the script ./met.sh does not exist\n');
  expect(stderr).toContain('did you mean "./meet.sh"?\n');
  expect(stderr).toMatch(/net\/pair\.yaml:1:62: "where": .*"cpu"/);
  expect(stderr).toMatch(/did you mean "cpus"\?.*\n/);
});
