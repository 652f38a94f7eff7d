/** `tutti check` and `tutti list`: what a suite is, without running it. No master is needed. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { run, SOURCES, temporaryDirectory } from './command.ts';

// A process takes its time to start on a busy machine.
vi.setConfig({ testTimeout: 40_000 });

const SUITE = `
suite: netperf
params: { note: two words }
setup: { all: echo install }
teardown: { client: echo gone }
tags: [net]
roles:
  server: { run: ./serve.sh, where: cpus >= 2 }
  client: { run: echo, count: 2 }
tests:
  - name: throughput
    timeout: 90s
    matrix: { streams: [1, 16] }
    skip: { when: 'param.streams > node.server.cpus', reason: too small }
  - { name: soak, tags: [slow], timeout: 2h, retries: 1 }
  - { name: alone, timeout: 500ms, roles: { client: { count: 1 } }, skip: { reason: "see\\nissue 12" } }
`;

function folder(text: string): string {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'suite.yaml'), text);
  writeFileSync(join(cwd, 'serve.sh'), '#!/bin/sh\n');
  chmodSync(join(cwd, 'serve.sh'), 0o755);
  return cwd;
}

test('a suite without mistakes is told in numbers', async () => {
  const cwd = folder(SUITE);
  expect(await run([...SOURCES, 'check', 'suite.yaml'], cwd)).toEqual({
    status: 0,
    stdout: 'ok: 4 tests, 2 roles, at most 3 machines\n',
    stderr: '',
  });
  const few = await run([...SOURCES, 'check', '.', '--only', 'alone', '--skip', 'x'], cwd);
  expect(few).toEqual({
    status: 0,
    stdout: 'ok: 1 test, 1 role, at most 1 machine\n',
    stderr: 'warning: --skip "x" matches no test\n',
  });
});

test('all mistakes are told at once, with a status of 64', async () => {
  const cwd = folder(`${SUITE}  - { name: soak, expect: pass, roles: { server: ./none.sh } }\ntimout: 3\n`);
  const { status, stdout, stderr } = await run([...SOURCES, 'check', 'suite.yaml'], cwd);
  expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
  expect(stderr).toContain('suite.yaml:17:27: "expect" in test "soak" must be fail\n');
  expect(stderr).toContain('suite.yaml:18:1: unknown key "timout"\n');
  expect(stderr).toMatch(/\(SUITE_INVALID\)\n$/);
});

test('a list has a line for each test that would run', async () => {
  const cwd = folder(SUITE);
  const { status, stdout, stderr } = await run([...SOURCES, 'list', 'suite.yaml'], cwd);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatchInlineSnapshot(`
    "TEST                    PARAMETERS                   ROLES            TAGS      TIMEOUT  SKIP
    throughput[streams=1]   note="two words" streams=1   server client:2  net       1m30s    if param.streams > node.server.cpus: too small
    throughput[streams=16]  note="two words" streams=16  server client:2  net       1m30s    if param.streams > node.server.cpus: too small
    soak                    note="two words"             server client:2  net slow  2h       -
    alone                   note="two words"             client           net       0.5s     see issue 12
    setup on server client:2
    teardown on client:2
    "
  `);
  const chosen = await run(
    [...SOURCES, 'list', '.', '--tag', '!slow', '--only', '*=16]', '--repeat', '2'],
    cwd,
  );
  expect(chosen.stdout).toMatchInlineSnapshot(`
    "TEST                      PARAMETERS                   ROLES            TAGS  TIMEOUT  SKIP
    throughput[streams=16]    note="two words" streams=16  server client:2  net   1m30s    if param.streams > node.server.cpus: too small
    throughput[streams=16]#2  note="two words" streams=16  server client:2  net   1m30s    if param.streams > node.server.cpus: too small
    setup on server client:2
    teardown on client:2
    "
  `);
});

test('a list as JSON has everything that a run would be given but the files', async () => {
  const { stdout } = await run(
    [...SOURCES, 'list', 'suite.yaml', '--json', '--fail-fast', '--only', 'soak'],
    folder(SUITE),
  );
  expect(JSON.parse(stdout)).toMatchObject({
    suite: 'netperf',
    failFast: true,
    setup: { name: 'setup', roles: [{ name: 'server' }, { name: 'client', count: 2 }] },
    teardown: { roles: [{ name: 'client' }] },
    tests: [{ name: 'soak', retries: 1, tags: ['net', 'slow'], roles: [{ where: 'cpus >= 2' }, {}] }],
  });
});
