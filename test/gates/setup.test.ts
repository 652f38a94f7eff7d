/** The launcher and scripts/with-setup, on copies of the tree's bones with stand-ins for npm and Node.js. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const pinned = `node_modules/node-linux-${process.arch}/bin/node`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-'));
  cpSync(join(root, 'packages/cli/bin'), join(folder, 'packages/cli/bin'), { recursive: true });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the launcher', () => {
  const tutti = (...args: string[]): Outcome => run(join(folder, 'packages/cli/bin/tutti'), ...args);

  test('becomes the build on the pinned runtime, with all arguments as they are', () => {
    put('dist/tutti.js', '');
    program(pinned, 'echo "$$ $*"');
    const { status, stdout, pid } = tutti('run', 'a b', '');
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${pid} ${folder}/dist/tutti.js run a b \n` });
  });

  test('is found through links, and the runtime in a node_modules further up', () => {
    const installed = join(folder, 'node_modules/tutti');
    cpSync(join(folder, 'packages'), join(installed, 'packages'), { recursive: true });
    put('node_modules/tutti/dist/tutti.js', '');
    program(pinned, 'echo up');
    mkdirSync(join(folder, 'bin'));
    symlinkSync('../node_modules/tutti/packages/cli/bin/tutti', join(folder, 'bin/link'));
    symlinkSync('link', join(folder, 'bin/tutti'));
    expect(run(join(folder, 'bin/tutti'))).toMatchObject({ status: 0, stdout: 'up\n' });
  });

  test.for(['v24.11.0', 'v24.12.1', 'v26.0.0', 'v30.1.0'])(
    'takes the %s in PATH for want of better',
    (version) => {
      put('dist/tutti.js', '');
      program('path/node', `[ "$1" = --version ] && echo ${version} || echo here`);
      expect(tutti()).toMatchObject({ status: 0, stdout: 'here\n' });
    },
  );

  test.for(['v20.20.2', 'v24.10.9', 'v8.0.0'])('refuses the %s in PATH and says what to do', (version) => {
    put('dist/tutti.js', '');
    program('path/node', `echo ${version}`);
    const { status, stderr } = tutti();
    expect(status).toBe(1);
    expect(stderr).toContain(`node-linux-${process.arch}, is not installed`);
    expect(stderr).toContain(`the node in PATH (${folder}/path/node) is ${version}; run \`npm install\``);
  });

  test('says that no runtime is there at all', () => {
    put('dist/tutti.js', '');
    expect(tutti()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no node is in PATH') as string,
    });
  });

  test('names what to run when the build is missing', () => {
    program(pinned, 'echo never');
    const stderr = `tutti: ${folder}/dist/tutti.js is missing: run \`npm run build\` in ${folder}\n`;
    expect(tutti()).toMatchObject({ status: 1, stderr });
  });
});

describe('with-setup', () => {
  const withSetup = (...args: string[]): Outcome => run('sh', join(folder, 'scripts/with-setup'), ...args);
  const calls = (): string[] =>
    existsSync(at('calls')) ? readFileSync(at('calls'), 'utf8').trim().split('\n') : [];

  beforeEach(() => {
    cpSync(join(root, 'scripts/with-setup'), at('scripts/with-setup'));
    put('package-lock.json', '{}');
    put('packages/protocol/src/index.ts', '');
    program('path/npm', `echo "npm $1" >>'${at('calls')}'; cp -r '${at('runtime')}/.' '${folder}'`);
    program(
      join('runtime', pinned),
      `echo "node $1" >>'${at('calls')}'; mkdir -p dist; touch dist/.stamp; sleep 0.1`,
    );
  });

  test('installs and builds once, then only starts the command', () => {
    expect(withSetup('echo', 'first')).toMatchObject({ status: 0, stdout: 'first\n' });
    expect(withSetup('echo', 'second')).toMatchObject({ status: 0, stdout: 'second\n', stderr: '' });
    expect(calls()).toEqual(['npm ci', 'node scripts/build.ts']);
  });

  test('two at once: one does the work, the other waits', async () => {
    const both = [withSetupLater('true'), withSetupLater('true')];
    expect(await Promise.all(both)).toEqual([0, 0]);
    expect(calls()).toEqual(['npm ci', 'node scripts/build.ts']);
  });

  test('installs again when the lockfile changed, builds again when a source did', () => {
    withSetup('true');
    put('package-lock.json', '{"changed": true}');
    withSetup('true');
    expect(calls().slice(2)).toEqual(['npm ci', 'node scripts/build.ts']);
    rmSync(at('packages/protocol/src/index.ts')); // a removal is a change too
    withSetup('true');
    expect(calls().slice(4)).toEqual(['node scripts/build.ts']);
  });

  test('the command finds the pinned runtime first, and is where the caller was', () => {
    const { stdout } = withSetup('sh', '-c', 'command -v node; pwd');
    expect(stdout).toBe(`${at(pinned)}\n${at('path')}\n`);
  });

  test('the exit status is the command’s', () => {
    expect(withSetup('sh', '-c', 'exit 7')).toMatchObject({ status: 7 });
  });

  test('says so when npm fails, and starts nothing', () => {
    program('path/npm', 'echo "npm error: no network" >&2; exit 1');
    const { status, stdout, stderr } = withSetup('echo', 'never');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('npm error: no network\ntutti: npm ci failed');
  });

  test('says so when the build fails, and starts nothing', () => {
    program(join('runtime', pinned), 'echo "no such entry" >&2; exit 1');
    const { status, stdout, stderr } = withSetup('echo', 'never');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('no such entry\ntutti: the build failed');
  });

  test('after npm’s own install it only builds', () => {
    cpSync(at('runtime'), folder, { recursive: true });
    expect(withSetup('--after-install')).toMatchObject({ status: 0 });
    expect(calls()).toEqual(['node scripts/build.ts']);
  });

  test('where there is no flock, a dead holder’s lock is taken over', () => {
    environment();
    rmSync(at('path/flock'));
    put('.setup-lock.d/pid', `${spawnSync('true').pid}`);
    expect(run('sh', at('scripts/with-setup'), 'echo', 'done')).toMatchObject({
      status: 0,
      stdout: 'done\n',
    });
    expect(existsSync(at('.setup-lock.d'))).toBe(false);
  });

  function withSetupLater(...args: string[]): Promise<number | null> {
    return new Promise((resolve) => {
      spawn('sh', [at('scripts/with-setup'), ...args], { cwd: at('path'), env: environment() }).on(
        'close',
        resolve,
      );
    });
  }
});

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
  pid: number;
}

function at(path: string): string {
  return join(folder, path);
}

function put(path: string, text: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
}

function program(path: string, script: string): void {
  put(path, `#!/bin/sh\n${script}\n`);
  chmodSync(at(path), 0o755);
}

/** A PATH with the stand-ins and the system's small tools, but neither Node.js nor npm. */
function environment(): NodeJS.ProcessEnv {
  if (!existsSync(at('path/sh'))) {
    mkdirSync(at('path'), { recursive: true });
    const tools = 'cat cmp cp echo find flock id mkdir mv readlink rm sh sleep touch true uname';
    for (const tool of tools.split(' ')) symlinkSync(join('/usr/bin', tool), at(`path/${tool}`));
  }
  return { PATH: at('path') };
}

function run(command: string, ...args: string[]): Outcome {
  return spawnSync(command, args, { cwd: at('path'), env: environment(), encoding: 'utf8' });
}
