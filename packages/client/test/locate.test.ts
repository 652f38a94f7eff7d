import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultState, locateMaster, locateToken } from '../src/locate.ts';
import { temporaryDirectory } from './fake-master.ts';

const USER = 1000;

/** A home with a state directory in it, as a user who is not root has one. */
function home(): { env: Record<string, string | undefined>; uid: number; state: string } {
  const base = temporaryDirectory();
  const state = join(base, 'tutti/master');
  mkdirSync(state, { recursive: true });
  return { env: { HOME: '/nobody', XDG_STATE_HOME: base }, uid: USER, state };
}

function masterLives(state: string, contents: unknown): void {
  writeFileSync(
    join(state, 'master.json'),
    typeof contents === 'string' ? contents : JSON.stringify(contents),
  );
}

/** The pid of a process that has ended. */
function deadPid(): number {
  return spawnSync('true').pid;
}

test('the master is the one of the flag, else of TUTTI_MASTER, else a living one of this machine', () => {
  const here = home();
  masterLives(here.state, { url: 'ws://living:1', pid: process.pid });
  const env = { ...here.env, TUTTI_MASTER: 'ws://environment:1' };
  expect(locateMaster('ws://flag:1', { ...here, env })).toBe('ws://flag:1');
  expect(locateMaster(undefined, { ...here, env })).toBe('ws://environment:1');
  expect(locateMaster(undefined, here)).toBe('ws://living:1');
});

test('an empty TUTTI_MASTER is as good as none', () => {
  const here = home();
  masterLives(here.state, { url: 'ws://living:1', pid: process.pid });
  expect(locateMaster(undefined, { ...here, env: { ...here.env, TUTTI_MASTER: '' } })).toBe('ws://living:1');
});

test('a master of another user is alive although it cannot be signalled', () => {
  const here = home();
  // Process 1 is root's; as root, it can be signalled, which is the same answer.
  masterLives(here.state, { url: 'ws://living:1', pid: 1 });
  expect(locateMaster(undefined, here)).toBe('ws://living:1');
});

test.each([
  ['has died', { url: 'ws://dead:1', pid: deadPid() }],
  ['names the group of this process', { url: 'ws://dead:1', pid: 0 }],
  ['names every process there is', { url: 'ws://dead:1', pid: -1 }],
  ['has no pid', { url: 'ws://dead:1' }],
  ['has no address', { pid: process.pid }],
  ['is not an object', 'null'],
  ['was torn', '{"url":"ws://de'],
])('a master whose file %s is no master: NO_MASTER names the state directory', (_, contents) => {
  const here = home();
  masterLives(here.state, contents);
  expect(() => locateMaster(undefined, here)).toThrow(
    expect.objectContaining({ code: 'NO_MASTER', message: expect.stringContaining(here.state) as string }),
  );
});

test('no state directory at all is NO_MASTER too', () => {
  const env = { XDG_STATE_HOME: join(temporaryDirectory(), 'absent') };
  expect(() => locateMaster(undefined, { env, uid: USER })).toThrow(
    expect.objectContaining({ code: 'NO_MASTER' }),
  );
});

test('the token is that of the flag, else TUTTI_TOKEN, else TUTTI_TOKEN_FILE, else the local master’s', () => {
  const here = home();
  const file = (name: string, text: string) => {
    const path = join(here.state, name);
    writeFileSync(path, text);
    return path;
  };
  file('admin.token', 'of the master\n');
  const flag = file('flag', ' of the flag\n');
  const env = {
    ...here.env,
    TUTTI_TOKEN: 'of the environment',
    TUTTI_TOKEN_FILE: file('named', 'of the file\n'),
  };
  expect(locateToken(flag, { ...here, env })).toBe('of the flag');
  expect(locateToken(undefined, { ...here, env })).toBe('of the environment');
  expect(locateToken(undefined, { ...here, env: { ...env, TUTTI_TOKEN: '' } })).toBe('of the file');
  expect(locateToken(undefined, here)).toBe('of the master');
});

test('a token file that was named and cannot be read is an error that names it', () => {
  const here = home();
  const path = join(here.state, 'absent');
  const wrong = expect.objectContaining({
    code: 'WRONG_TOKEN',
    message: expect.stringContaining(path) as string,
    cause: expect.objectContaining({ code: 'ENOENT' }) as Error,
  });
  expect(() => locateToken(path, here)).toThrow(wrong);
  expect(() => locateToken(undefined, { ...here, env: { ...here.env, TUTTI_TOKEN_FILE: path } })).toThrow(
    wrong,
  );
  expect(() => locateToken(here.state, here)).toThrow(expect.objectContaining({ code: 'WRONG_TOKEN' }));
});

test('the local master’s token that nobody named may be absent or unreadable: then there is none', () => {
  const here = home();
  expect(locateToken(undefined, here)).toBeUndefined();
  mkdirSync(join(here.state, 'admin.token'));
  chmodSync(join(here.state, 'admin.token'), 0);
  expect(locateToken(undefined, here)).toBeUndefined();
});

test('state is in /var/lib as root, below the home of anybody else, and where TUTTI_STATE says', () => {
  expect(defaultState('master', { env: {}, uid: 0 })).toBe('/var/lib/tutti/master');
  expect(defaultState('agent', { env: { HOME: '/home/u' }, uid: USER })).toBe(
    '/home/u/.local/state/tutti/agent',
  );
  expect(defaultState('agent', { env: { TUTTI_STATE: '/srv/t' }, uid: 0 })).toBe('/srv/t/agent');
});
