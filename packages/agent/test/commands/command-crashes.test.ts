/** An agent that is killed at each durable step of a command: it runs once all the same, and ends as it would have. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeLab, openLab, until } from '../members/lab.ts';
import { commandOf, driven, read } from './command-lab.ts';

/** What is on the disk for good when it is killed, and for which time. */
const POINTS: [string, string, number][] = [
  ['the directory is made', 'spec.json', 2],
  ['the start is decided', 'started.0', 2],
  ['the signal is noted', 'signalled', 1],
  ['nothing is left to do', 'never', 1],
];

test.each(POINTS)('killed when %s', async (_, file, time) => {
  const lab = await makeLab();
  const db = driven();
  const signalled = commandOf(db, `echo run; until [ -e '${lab.base}/go' ]; do sleep 0.02; done; exit 3`);
  const order = join(lab.base, 'spec.json');
  writeFileSync(order, JSON.stringify(db));
  writeFileSync(`${order}.command`, JSON.stringify(signalled));
  const program = join(import.meta.dirname, '../members/agent-process.ts');
  const agent = spawn(process.execPath, [program, lab.base, lab.agent, order, file, String(time)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void agent.kill('SIGKILL'));
  agent.stdout.once('data', () => agent.kill('SIGKILL'));
  expect(await once(agent, 'exit')).toEqual([null, 'SIGKILL']);

  // The next agent, asked again as a master asks.
  const next = await openLab(lab.base, lab.agent);
  await next.members.prepare(db);
  await next.members.start(db.member);
  await next.members.startCommand(signalled);
  await until('it runs', () => read(next, signalled, 'stdout.0').startsWith('run\n'));
  expect(next.members.presence().map(({ member, state }) => [member, state])).toEqual([
    [db.member, 'running'],
    [signalled.member, 'running'],
  ]);
  writeFileSync(join(lab.base, 'go'), '');
  expect((await next.ended(signalled.member)).exit).toEqual({ how: 'exited', code: 3 });
  expect(read(next, signalled, 'stdout.0').match(/run/g)).toHaveLength(1);
});
