/** What a script finds around it: exactly what is promised. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { environmentOf } from '../../src/members/environment.ts';
import { machineEnvironment, pathOf, SYSTEM_PATH } from '../../src/members/machine-environment.ts';
import { inline, makeLab, openLab, stage, until } from './lab.ts';

const places = {
  shimDir: '/state/bin',
  nodeDir: '/state/node',
  pythonDir: '/sdk/python',
  socket: '/run/x.sock',
  out: '/m/out',
  topology: '/m/topology.json',
  tmp: '/m/tmp',
};
const machine = {
  path: '/usr/bin:/bin',
  home: '/home/me',
  user: 'me',
  shell: '/bin/sh',
  timezone: 'Europe/Berlin',
};

test('every variable, with its value', () => {
  const spec = inline('x', {
    params: { window: '64k', seconds: 10, fast: true },
    env: { MODE: 'full' },
    timeout: 120,
  });
  expect(environmentOf(spec, places, machine, 0)).toEqual({
    HOME: '/home/me',
    USER: 'me',
    SHELL: '/bin/sh',
    LANG: 'C.UTF-8',
    TZ: 'Europe/Berlin',
    TMPDIR: '/m/tmp',
    PYTHONUNBUFFERED: '1',
    PYTHONPATH: '/sdk/python',
    CI: '1',
    MODE: 'full',
    PATH: '/state/bin:/usr/bin:/bin:/state/node',
    TUTTI_SOCKET: '/run/x.sock',
    TUTTI_RUN: '7',
    TUTTI_TEST: 'one test',
    TUTTI_ATTEMPT: '1',
    TUTTI_ROLE: 'server',
    TUTTI_INDEX: '0',
    TUTTI_MEMBER: 'server.0',
    TUTTI_NODE: 'n1',
    TUTTI_REBOOT_COUNT: '0',
    TUTTI_DEADLINE: '120',
    TUTTI_OUT: '/m/out',
    TUTTI_TOPOLOGY: '/m/topology.json',
    TUTTI_PARAM_WINDOW: '64k',
    TUTTI_PARAM_SECONDS: '10',
    TUTTI_PARAM_FAST: 'true',
    TUTTI_ADDR_SERVER: '10.0.0.1',
    TUTTI_ADDR_CLIENT: '10.0.0.2',
  });
});

test('a command of its own keeps the environment it came with, but for what every member has', () => {
  const own = { HOME: '/elsewhere', PATH: '/opt/bin:/bin', PYTHONPATH: '/lib', TUTTI_RUN: '1', MINE: 'x' };
  const found = environmentOf(inline('x'), places, machine, 0, 60, own);
  expect(found).toMatchObject({
    HOME: '/elsewhere',
    MINE: 'x',
    PATH: '/state/bin:/opt/bin:/bin:/state/node',
    PYTHONPATH: '/sdk/python:/lib',
    TUTTI_RUN: '7',
    TUTTI_DEADLINE: '60',
  });
  expect(Object.keys(found).filter((name) => ['CI', 'TZ', 'LANG', 'TMPDIR'].includes(name))).toEqual([]);
});

test('secrets are variables like others, and those of a suite do not hide them', () => {
  const spec = inline('x', {
    env: { TOKEN: 'none', MODE: 'full' },
    secrets: { TOKEN: 'hunter22', TUTTI_RUN: 'x' },
  });
  expect(environmentOf(spec, places, machine, 0)).toMatchObject({
    TOKEN: 'hunter22',
    MODE: 'full',
    TUTTI_RUN: '7',
  });
});

test('env: replaces what is the machine’s, never what is Tutti’s', () => {
  const env = {
    LANG: 'de_DE.UTF-8',
    PATH: '/opt/bin',
    PYTHONPATH: '/opt/py',
    TUTTI_SOCKET: 'mine',
    TUTTI_PARAM_X: 'mine',
  };
  expect(environmentOf(inline('x', { env, params: { x: 1 } }), places, machine, 2)).toMatchObject({
    LANG: 'de_DE.UTF-8',
    PATH: '/state/bin:/opt/bin:/state/node',
    PYTHONPATH: '/sdk/python:/opt/py',
    TUTTI_SOCKET: '/run/x.sock',
    TUTTI_PARAM_X: '1',
    TUTTI_REBOOT_COUNT: '2',
  });
});

test('the machine’s PATH is the one its login programs give, if they are configured', () => {
  expect(pathOf('')).toBe(SYSTEM_PATH);
  expect(pathOf('LANG=C\nPATH="/usr/bin:/snap/bin"\n')).toBe('/usr/bin:/snap/bin');
  expect(pathOf('PATH=$HOME/bin:/usr/bin')).toBe(SYSTEM_PATH);
  expect(pathOf("export PATH='/a'")).toBe('/a');
});

test('nothing of the agent’s environment reaches a script', async () => {
  const lab = await makeLab();
  const spec = inline('env | cut -d= -f1 | sort', { env: { MODE: 'full' } });
  const file = join(lab.base, 'spec.json');
  writeFileSync(file, JSON.stringify(spec));
  const agent = spawn(
    process.execPath,
    [join(import.meta.dirname, 'agent-process.ts'), lab.base, lab.agent, file],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        JUNK: 'junk',
        NODE_OPTIONS: '--no-warnings',
        LD_LIBRARY_PATH: '/junk',
        TUTTI_TOKEN: 'secret',
        TZ: 'Junk/Zone',
      },
    },
  );
  onTestFinished(() => void agent.kill('SIGKILL'));
  await until('it ended', () => existsSync(join(lab.dir(spec.member), 'end.json')));
  agent.kill('SIGKILL');
  await once(agent, 'exit');
  // Tidies up what that one left.
  await openLab(lab.base, lab.agent);
  const shells = ['PWD', 'OLDPWD', 'SHLVL', '_'];
  const found = lab
    .text(spec.member, 'stdout.0')
    .trim()
    .split('\n')
    .filter((name) => !shells.includes(name));
  expect(found.toSorted()).toEqual(Object.keys(environmentOf(spec, places, machine, 0)).toSorted());
});

test('tutti is found first, node last and alone, and both SDKs can be imported', async () => {
  const lab = await makeLab();
  const spec = inline(
    [
      'tutti barrier "a b"',
      'echo ${PATH%%:*}; echo ${PATH##*:}; ls ${PATH##*:}',
      `cat > a.mjs <<'X'\nimport { hello } from 'tutti'; console.log(hello, process.execPath);\nX`,
      '${PATH##*:}/node a.mjs',
      'python3 -c "import tutti; print(tutti.hello)"',
      'echo $TMPDIR; [ -w "$TMPDIR" ]; [ -w "$TUTTI_OUT" ]; [ -S "$TUTTI_SOCKET" ]',
    ].join('\n'),
  );
  const end = await lab.run(spec);
  expect(lab.text(spec.member, 'stderr.0')).toBe('');
  expect(end.exit).toEqual({ how: 'exited', code: 0 });
  expect(lab.text(spec.member, 'stdout.0').split('\n')).toEqual([
    'shim barrier a b',
    join(lab.stateDir, 'bin'),
    join(lab.stateDir, 'node'),
    'node',
    `from the sdk ${realpathSync(process.execPath)}`,
    'from the sdk',
    join(lab.dir(spec.member), 'tmp'),
    '',
  ]);
});

test('the topology file says who takes part', async () => {
  const lab = await makeLab();
  const spec = inline('cat "$TUTTI_TOPOLOGY"');
  await lab.run(spec);
  expect(JSON.parse(lab.text(spec.member, 'stdout.0'))).toEqual({
    run: 7,
    test: 'one test',
    attempt: 1,
    self: 'server.0',
    members: spec.topology,
  });
});

test('paths with spaces and quotes harm nothing', async () => {
  const lab = await makeLab();
  const stateDir = join(lab.base, "it's a $(state)");
  mkdirSync(stateDir);
  const strange = await makeLab({ stateDir, cache: { path: (digest) => join(lab.blobs, digest) } });
  const files = [stage(lab, 'a b.sh', '#!/bin/sh\ntutti x > "$TUTTI_OUT/o u t"\n', 0o755)];
  const spec = inline('x', { script: { kind: 'staged', path: 'a b.sh' }, files });
  expect((await strange.run(spec)).exit).toEqual({ how: 'exited', code: 0 });
  expect(existsSync(join(stateDir, 'members', spec.member, 'out/o u t'))).toBe(true);
});

test('the machine says who the user is', () => {
  const found = machineEnvironment();
  expect(found.home.startsWith('/')).toBe(true);
  expect(found.user).not.toBe('');
  expect(dirname(found.shell)).not.toBe('.');
  expect(found.timezone).toMatch(/^[\w/+-]+$/);
});
