/** Roles with `start: after ROLE`, on fake agents whose logs are written here. */
import { join } from 'node:path';
import { settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { MemberFiles } from '../../src/logs/member-files.ts';
import { NO_HINDRANCE } from '../no-hindrance.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { role } from './a-test.ts';
import { AttemptLab, type AttemptOptions, NOTHING } from './attempt-lab.ts';

const STARTED = Buffer.from(
  `${JSON.stringify({ event: 'mark', at: 1, request: 'a-request-of-a-mark', name: 'started' })}\n`,
);

async function lab(servers = 1, options: AttemptOptions = {}): Promise<AttemptLab> {
  const root = await temporaryDirectory();
  return AttemptLab.start([role('server', servers), role('client', 1, { startAfter: 'server' })], {
    files: (dir) => new MemberFiles(join(root, dir), NO_HINDRANCE),
    ...options,
  });
}

async function marks(at: AttemptLab, name: string): Promise<void> {
  const found = at.members.find((member) => member.name === name);
  await (await found?.files.log('events', 0))?.write(STARTED);
  await settled();
}

describe('a role that starts after another', () => {
  test('is staged with all, and started when all members of that one have said so', async () => {
    const at = await lab(2);
    expect(at.asked('server.0')).toEqual(['member.prepare', 'member.start']);
    expect(at.asked('client.0')).toEqual(['member.prepare']);
    await marks(at, 'server.1');
    expect(at.asked('client.0')).toEqual(['member.prepare']);
    await marks(at, 'server.0');
    await marks(at, 'server.0');
    expect(at.asked('client.0')).toEqual(['member.prepare', 'member.start']);
    for (const name of ['server.0', 'server.1', 'client.0']) await at.end(name, 0);
    await at.over;
    expect(at.model.status).toBe('PASS');
    expect(at.model.members[0]?.marks).toMatchObject([{ name: 'started' }, { name: 'started' }]);
    expect(at.leftovers).toEqual(NOTHING);
  });

  test('never starts when one of them ends well without a word, and that is the cause', async () => {
    const at = await lab();
    await at.end('server.0', 0);
    await at.over;
    expect(at.model).toMatchObject({
      status: 'FAIL',
      cause:
        'client.0 on n2 was never started: it starts after server, and server.0 on n1 ended with status 0 without saying `tutti mark started`',
    });
    expect(at.asked('client.0')).not.toContain('member.start');
    expect(at.leftovers).toEqual(NOTHING);
  });

  test('never starts when one of them fails, and that one is the cause', async () => {
    const at = await lab();
    await at.end('server.0', 3);
    await at.over;
    expect(at.model).toMatchObject({ status: 'FAIL', cause: 'server.0 on n1 exited with status 3' });
    expect(at.model.members[1]?.verdict).toMatchObject({ status: 'FAIL', becauseOf: 'server.0' });
    expect(at.leftovers).toEqual(NOTHING);
  });

  test('starts though the word arrives behind the end', async () => {
    const at = await lab();
    const logs = [{ source: 'events' as const, incarnation: 0, length: STARTED.length }];
    await at.end('server.0', 0, { logs });
    expect(at.isOver).toBe(false);
    await marks(at, 'server.0');
    expect(at.asked('client.0')).toEqual(['member.prepare', 'member.start']);
    await at.end('client.0', 0);
    await at.over;
    expect(at.model.status).toBe('PASS');
  });

  test('that waits when the time is over is named, and does not count', async () => {
    const at = await lab();
    at.clock.advance(60_000);
    await settled();
    await at.endStopped('server.0');
    await at.over;
    expect(at.model).toMatchObject({
      status: 'INTERRUPTED',
      cause:
        'timed out after 60 s: server.0 on n1 still running; client.0 on n2 has not started: it waits for `tutti mark started` of server.0 on n1',
    });
    expect(at.leftovers).toEqual(NOTHING);
  });

  test('that waits when the test is skipped does not count', async () => {
    const at = await lab();
    const logs = [{ source: 'events' as const, incarnation: 0, length: 1 }];
    await at.end('server.0', 77, { logs });
    await at.over;
    expect(at.model.status).toBe('SKIP');
  });
});
