/** docs/http-api.md does what it says: what it marks as run is run, in order, before a real master, and prints what it shows. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { agentsOf } from '../support/pool.ts';
import { has, repository, startMaster, temporaryDirectory } from '../support/tutti.ts';

const PAGE = 'docs/http-api.md';
const END = '--- the end of a step ---';
/** A comment, and the fence below it; behind that perhaps what it prints. */
const FENCE =
  /<!-- (run|not run)(?:: ([^>]*?))? -->\n\n```sh\n([^]*?)```\n(?:\n```(?:text|json)\n([^]*?)```\n)?/g;

const steps = [...readFileSync(join(repository, PAGE), 'utf8').matchAll(FENCE)].map(
  ([, kind, value = '', script = '', shown]) => ({
    isRun: kind === 'run',
    status: Number(/^exit (\d+)$/.exec(value)?.[1] ?? 0),
    script,
    shown,
  }),
);

test('every fence of shell says whether it is run', () => {
  const fences = readFileSync(join(repository, PAGE), 'utf8').match(/^```sh$/gm) ?? [];
  expect(steps).toHaveLength(fences.length);
  expect(steps.filter(({ isRun }) => isRun).length).toBeGreaterThan(4);
});

test.skipIf(!has('curl', 'jq'))('what it has run prints what it shows (needs curl, jq)', async () => {
  const master = await startMaster();
  await agentsOf(master, 1);
  const cwd = await temporaryDirectory();
  const env = {
    PATH: process.env['PATH'],
    MASTER: master.url.replace('ws:', 'http:'),
    TOKEN: (await readFile(master.tokenFile, 'utf8')).trim(),
  };
  // One shell, as for who reads the page: a step finds what the one before it has set.
  const run = steps.filter(({ isRun }) => isRun);
  const script = run.map(
    ({ status, script: step }) =>
      `${status === 0 ? step : `(\n${step}\n) && exit 1 || [ $? = ${status} ]`}\nprintf %s '${END}'\n`,
  );
  const shell = spawn('sh', ['-e'], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(shell, 'close') as Promise<[number]>;
  shell.stdin.end(script.join(''));
  const [output, errors] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
  expect([(await ended)[0], errors], output).toEqual([0, expect.stringMatching(/^(curl: \(22\) .*\n)*$/)]);
  const printed = output.split(END);
  expect(printed).toHaveLength(run.length + 1);
  for (const [at, { shown }] of run.entries())
    if (shown !== undefined) expect(printed[at]?.trim()).toBe(shown.trim());
});
