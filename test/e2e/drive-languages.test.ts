/** The same story, told in TypeScript and in Python, gives the same report. */
import type { Report } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { driven } from './support/drivers.ts';

const STORIES = {
  ts: `
import { test } from 'tutti';
test('upgrade', async ({ roles, step, expect, always, barrier, result }) => {
  const calm = always(async () => { await roles.client.run('true', { name: 'look' }); }, { every: '1h', name: 'calm' });
  await step('stop', async () => {
    await roles.db.each((db) => db.run('echo stopped', { name: 'stop' }));
  });
  calm.stop();
  await step('install', async () => {
    await step('copy', async () => { await roles.client.put({ content: 'x' }, 'x'); });
    await roles.client.fails('test -e y', { name: 'no y' });
  });
  await result('speed', 'pass', { measure: 941, unit: 'Mbit/s' });
});
test('downgrade', async ({ roles, step }) => {
  await step('stop', async () => { await roles.client.run('exit 3', { name: 'stop' }); });
});
test('rdma', ({ skip }) => skip('no such card'));`,
  py: `
import tutti
from tutti import roles, step
@tutti.test
def upgrade():
    calm = tutti.always(lambda: roles.client.run('true', name='look'), every='1h', name='calm')
    with step('stop'):
        roles.db.each(lambda db: db.run('echo stopped', name='stop'))
    calm.stop()
    with step('install'):
        with step('copy'):
            roles.client.put(tutti.Content('x'), 'x')
        roles.client.fails('test -e y', name='no y')
    tutti.result('speed', 'pass', measure=941, unit='Mbit/s')
@tutti.test
def downgrade():
    with step('stop'):
        roles.client.run('exit 3', name='stop')
@tutti.test
def rdma():
    tutti.skip('no such card')`,
};

/** Without what is of one run alone: times, ids, and which line of which file. */
function normalised(report: Report): unknown {
  const of = (key: string, value: unknown): unknown => {
    if (['id', 'started', 'ended', 'duration', 'at', 'nodes'].includes(key)) return undefined;
    return typeof value === 'string' ? value.replace(/driver\.(ts|py)(:\d+)?/g, 'DRIVER') : value;
  };
  const plain = JSON.parse(JSON.stringify(report, of)) as Report;
  const by = (one: { member: string; number: number }): string => `${one.member} ${one.number}`;
  for (const { attempts } of plain.tests)
    for (const { commands } of attempts) commands?.sort((a, b) => (by(a) < by(b) ? -1 : 1));
  return plain;
}

test('TypeScript and Python: the same subtests, commands, verdict and cause', async () => {
  const first = await driven('driver.ts', STORIES.ts);
  const second = await driven('driver.py', STORIES.py);
  expect(first.outcome.code).toBe(1);
  expect(first.attempt.subtests.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'upgrade / stop PASS',
    'upgrade / install / copy PASS',
    'upgrade / install PASS',
    'speed PASS',
    'upgrade PASS',
    'downgrade / stop FAIL',
    'downgrade FAIL',
    'rdma SKIP',
  ]);
  const steps = first.attempt.subtests.filter(({ name }) => name !== 'speed');
  expect(steps.every(({ duration }) => duration !== undefined)).toBe(true);
  expect(normalised(second.report)).toEqual(normalised(first.report));
});
