/** A program that uses Tutti as a package: what docs/programs.md shows is run, against the package as it is built. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { agentsOf } from './support/pool.ts';
import {
  eventually,
  type RunningMaster,
  repository,
  startAgent,
  startMaster,
  temporaryDirectory,
} from './support/tutti.ts';

const run = promisify(execFile);

const page = readFileSync(join(repository, 'docs/programs.md'), 'utf8');

function shown(mark: string): string {
  const found = new RegExp(`<!-- ${mark} -->\\n\\n\`\`\`\\w+\\n([^]*?)\`\`\``).exec(page)?.[1];
  if (found === undefined) throw new Error(`docs/programs.md shows no ${mark}`);
  return found;
}

/** A folder in which the package is installed, with files. */
async function project(files: Record<string, string>): Promise<string> {
  const dir = await temporaryDirectory();
  await mkdir(join(dir, 'node_modules'));
  await symlink(repository, join(dir, 'node_modules/tutti'));
  await writeFile(join(dir, 'package.json'), '{"type": "module"}');
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
}

async function program(master: RunningMaster, code: string): Promise<string> {
  const cwd = await project({ 'program.ts': code });
  const { PATH } = process.env;
  return (await run(process.execPath, ['program.ts'], { cwd, env: { PATH, ...master.env } })).stdout;
}

test('the program that docs/programs.md shows prints what the page says', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const cwd = await project({ 'program.ts': shown('program'), 'net.yaml': shown('file: net.yaml') });
  const { PATH } = process.env;
  const { stdout } = await run(process.execPath, ['program.ts'], { cwd, env: { PATH, ...master.env } });
  // Which member of two machines was first is not for the page to say.
  const lines = (text: string) => text.trimEnd().split('\n').toSorted();
  expect(lines(stdout)).toEqual(lines(shown('prints')));
});

test('its types are there, and know what a program may not do', async () => {
  const cwd = await project({
    'right.ts': shown('program'),
    'wrong.ts': [
      "import { connect } from 'tutti/client';",
      'const tutti = await connect();',
      "const code: string = (await tutti.nodes.get('n1').run('true')).exit;",
      'tutti.runs.get("last");',
      'console.log(tutti.nodes.nodez, code);',
    ].join('\n'),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        ...{ strict: true, noEmit: true, module: 'nodenext', target: 'esnext', skipLibCheck: true },
        ...{ lib: ['esnext'], types: ['node'], typeRoots: [join(repository, 'node_modules/@types')] },
      },
    }),
  });
  const tsc = join(repository, 'node_modules/typescript/bin/tsc');
  const { stdout } = await run(process.execPath, [tsc, '-p', cwd]).catch((error: unknown) => {
    return error as { stdout: string };
  });
  const places = [...stdout.matchAll(/(\w+\.ts)\((\d+),/g)].map(([, file, line]) => `${file}:${line}`);
  expect(places, stdout).toEqual(['wrong.ts:3', 'wrong.ts:4', 'wrong.ts:5']);
});

test('files go to a machine and come back; what a command leaves in the background is waited for', async () => {
  const master = await startMaster();
  await startAgent(master, { name: 'n1' });
  const dir = await temporaryDirectory();
  await writeFile(join(dir, 'sent'), Buffer.from([0, 255, 10, 1]));
  const code = `
    import { connect } from 'tutti/client';
    await using tutti = await connect();
    const node = tutti.nodes.get('n1');
    await node.put('${dir}/sent', '${dir}/there', { mode: 0o640 });
    await node.get('${dir}/there', '${dir}/back');
    const server = await node.start('while [ ! -e ${dir}/flag ]; do sleep 0.05; done; echo ready; sleep 60');
    const waiting = node.waitForLog(server, /^re.dy$/, { timeout: '20s' });
    await node.run('touch ${dir}/flag');
    console.log(await waiting);
    await node.waitForFile('${dir}/flag');
    await server.stop();
    const { how } = await server.ended();
    console.log(how);
    console.log((await node.fails('exit 9')).exit);
    const error = await node.run('echo wrong >&2; exit 3').catch((error) => error);
    console.log(error.name, error.code, error.result.exit, error.message.includes('wrong'));
  `;
  expect(await program(master, code)).toMatch(
    /^ready\nwas stopped.*\n9\nCommandError COMMAND_FAILED 3 true\n$/,
  );
  expect(await readFile(join(dir, 'back'))).toEqual(Buffer.from([0, 255, 10, 1]));
  expect((await stat(join(dir, 'there'))).mode & 0o777).toBe(0o640);
});

test('machines and runs follow what happens, also across a killed master', async () => {
  const master = await startMaster();
  await startAgent(master, { name: 'n1' });
  const dir = await temporaryDirectory();
  const code = `
    import { writeFile } from 'node:fs/promises';
    import { connect } from 'tutti/client';
    await using tutti = await connect();
    const told = [];
    tutti.nodes.on(({ kind, key }) => told.push(kind + ' ' + key));
    const back = new Promise((resolve) => tutti.on('back', resolve));
    await writeFile('${dir}/up', '');
    await back;
    for await (const { kind, key } of tutti.nodes.changes()) if (kind === 'added' && key === 'n3') break;
    console.log(tutti.nodes.names.join(' '));
    console.log(told.filter((line) => line === 'added n2').length, told.filter((line) => line === 'added n1').length);
    const end = await tutti.suites.runRoles(['a=echo done'], { name: 'after' });
    console.log(end.status, tutti.runs.last.number);
  `;
  const running = program(master, code);
  await eventually(() => stat(join(dir, 'up')), { timeout: 20_000 });
  const agent = await startAgent(master, { name: 'n2' });
  expect(agent.name).toBe('n2');
  master.process.kill('SIGKILL');
  await master.process.ended;
  const next = await startMaster({ state: master.state, listen: new URL(master.url).host });
  await startAgent(next, { name: 'n3' });
  expect(await running).toBe('n1 n2 n3\n1 0\nPASS 1\n');
});
