/** What the keys of a suite file become in the run that is submitted. */
import { RunSpec } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { nodesNeeded } from '../../src/suite/nodes-needed.ts';
import { loadText } from './suite-folder.ts';

describe('a role', () => {
  test('says what machines it wants, when it starts, how long it may take, what its output is', async () => {
    const { spec } = await loadText(`
roles:
  server: { run: ./a.sh, where: cpus >= 2, timeout: 1m }
  client: { run: ./b.sh, start: after server, parse: tap }
tests:
  - name: defaults
  - name: own
    roles:
      server: { where: '"ssd" in labels', timeout: 90 }
      client:
`);
    expect(spec.tests[0]?.roles).toMatchObject([
      { name: 'server', where: 'cpus >= 2', timeout: 60 },
      { name: 'client', startAfter: 'server', parse: 'tap' },
    ]);
    expect(spec.tests[1]?.roles).toMatchObject([
      { name: 'server', where: '"ssd" in labels', timeout: 90 },
      { name: 'client', startAfter: 'server', parse: 'tap' },
    ]);
    expect(RunSpec.parse(spec)).toEqual(spec);
  });

  test('of other machines counts once for each kind of them', async () => {
    const { spec } = await loadText(
      'roles: { a: { run: ./a.sh, count: 2 } }\ntests: [{ name: x }, { name: y, roles: { a: { where: cpus > 8 } } }, { name: z }]\n',
    );
    expect(nodesNeeded(spec)).toBe(4);
  });
});

describe('a test', () => {
  test('has what it says, over what the suite says for all; tags and secrets of both', async () => {
    const { spec } = await loadText(`
tags: [net, slow]
secrets: [TOKEN]
retries: 2
retry-errors: 1
parallel: true
roles: { a: ./a.sh }
tests:
  - name: plain
  - name: own
    tags: [slow, x/y]
    secrets: [KEY, TOKEN]
    retries: 0
    retry-errors: 3
    parallel: false
    expect: fail
`);
    expect(spec.tests).toMatchObject([
      { tags: ['net', 'slow'], secrets: ['TOKEN'], retries: 2, retryErrors: 1, parallel: true },
      {
        tags: ['net', 'slow', 'x/y'],
        secrets: ['TOKEN', 'KEY'],
        retries: 0,
        retryErrors: 3,
        parallel: false,
        expect: 'fail',
      },
    ]);
    expect(RunSpec.parse(spec)).toEqual(spec);
  });

  test.each([
    ['node.a.cpus < 2', { when: 'node.a.cpus < 2' }],
    ["{ when: 'true', reason: not yet }", { when: 'true', reason: 'not yet' }],
    ['{ reason: not yet }', { reason: 'not yet' }],
  ])('is skipped by %s', async (text, skip) => {
    const { spec } = await loadText(`roles: { a: ./a.sh }\ntests:\n  - name: x\n    skip: ${text}\n`);
    expect(spec.tests[0]?.skip).toEqual(skip);
  });
});

describe('a run', () => {
  const text = 'roles: { a: ./a.sh }\ntests: [{ name: x }]\n';

  test('has a time for all tests together, and ends with the first that is not ok', async () => {
    const { spec } = await loadText(`run-timeout: 2h\nfail-fast: true\n${text}`);
    expect(spec).toMatchObject({ timeout: 7200, failFast: true });
    expect(spec.tests[0]?.timeout).toBe(600);
    expect(JSON.parse(JSON.stringify((await loadText(text)).spec))).not.toHaveProperty('failFast');
  });

  test('ends with the first that is not ok when the command line says so', async () => {
    expect((await loadText(text, { failFast: true })).spec.failFast).toBe(true);
    expect((await loadText(`fail-fast: false\n${text}`, { untilFail: true })).spec.failFast).toBe(true);
  });
});
