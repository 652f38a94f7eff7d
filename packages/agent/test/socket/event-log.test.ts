import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { MemberEvent } from '@tutti/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { EventLog } from '../../src/socket/event-log.ts';

function place(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-events-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'events.0');
}

const event = (request: string): MemberEvent => ({
  event: 'result',
  at: 1,
  request,
  name: 'a',
  status: 'pass',
});
/** Of the whole lines, as whoever reads the file takes them. */
const requests = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [(JSON.parse(line) as MemberEvent).request];
      } catch {
        return [];
      }
    });

test('a thousand at once are a thousand lines, in the order they came', async () => {
  const path = place();
  const log = await EventLog.open(path);
  const all = Array.from({ length: 1000 }, (_, n) => `request-${n}`);
  await Promise.all(all.map((request) => log.append(event(request))));
  await log.close();
  expect(requests(path)).toEqual(all);
});

test('a request is one line, at once and after a restart', async () => {
  const path = place();
  const log = await EventLog.open(path);
  await Promise.all([log.append(event('request-1')), log.append(event('request-1'))]);
  await log.close();
  const next = await EventLog.open(path);
  await next.append(event('request-1'));
  await next.append(event('request-2'));
  await next.close();
  expect(requests(path)).toEqual(['request-1', 'request-2']);
});

test('a torn line spoils none that follow', async () => {
  const path = place();
  writeFileSync(path, `${JSON.stringify(event('request-1'))}\n{"event":"res`);
  const log = await EventLog.open(path);
  await log.append(event('request-2'));
  await log.append(event('request-3'));
  await log.close();
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines[1]).toBe('{"event":"res');
  expect(lines.slice(2, 4).map((line) => (JSON.parse(line) as MemberEvent).request)).toEqual([
    'request-2',
    'request-3',
  ]);
  expect(lines[4]).toBe('');
});

test('after the end nothing more is taken', async () => {
  const path = place();
  const log = await EventLog.open(path);
  const writing = log.append(event('request-1'));
  await log.close();
  await writing;
  await expect(log.append(event('request-2'))).rejects.toMatchObject({ code: 'NO_SUCH_MEMBER' });
  appendFileSync(path, '');
  expect(requests(path)).toEqual(['request-1']);
});

test.skipIf(!canMount())(
  'a disk that is full is told to the caller, who may try again (needs to mount a small one)',
  async () => {
    const path = place();
    const disk = dirname(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tutti-test', disk]);
    onTestFinished(() => void execFileSync('umount', [disk]));
    const log = await EventLog.open(path);
    let free = 0;
    const fill = async (): Promise<void> => {
      for (; free < 1000; free += 1) await log.append(event(`request-${free}`));
    };
    await expect(fill()).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining(path) as string,
    });
    await expect(log.append(event(`request-${free}`))).rejects.toMatchObject({ code: 'DISK_FULL' });
    execFileSync('mount', ['-o', 'remount,size=64k', disk]);
    await log.append(event(`request-${free}`));
    await log.close();
    expect(requests(path)).toEqual(Array.from({ length: free + 1 }, (_, n) => `request-${n}`));
  },
);

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tutti-test', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
