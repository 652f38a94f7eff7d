/**
 * The master is killed right after each durable step of one run in turn, and started again. Each run ends with the
 * verdict it would have had, its numbers, and every line once.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { RAW_DRIVE } from './support/raw-drive.ts';
import { folder, stdoutOf } from './support/results.ts';
import {
  eventually,
  readReport,
  reportMistakes,
  startAgent,
  startTutti,
  temporaryDirectory,
  tutti,
} from './support/tutti.ts';

/** A run of this suite takes more; if not, nothing was tested. */
const LEAST_STEPS = 20;
/** Each kind of step once, or with `CRASH_POINTS=all` every one: that takes minutes. */
const ALL = process.env['CRASH_POINTS'] === 'all';

const SUITE = `
suite: known answer
grace: 20s
tests:
  - name: exchange
    timeout: 60s
    roles:
      a:
        count: 2
        run: |
          #!/bin/sh -e
          echo 1
          tutti barrier meet --data "$TUTTI_INDEX" >meet
          tutti incr turns >/dev/null
          tutti set "from.$TUTTI_INDEX" "$TUTTI_INDEX"
          tutti get --wait "from.$((1 - TUTTI_INDEX))" >got
          tutti result exchanged pass
          echo kept >"$TUTTI_OUT/kept"
          tutti barrier done
          test "$(tutti get turns)" = 2
          echo 2
  - name: fails
    roles:
      a: exit 3
      b: tutti barrier never --count 2
  - name: drives
    drive: { file: driver.mjs, on: a }
    roles: { a: }
`;

const FILES = {
  'suite.yaml': SUITE,
  'drive.mjs': RAW_DRIVE,
  'driver.mjs': `
    import { run, text } from './drive.mjs';
    const { exit, stdout, number } = await run('a.0', 'echo once >>count; cat count; exit 3');
    console.log(exit.code, number, text(stdout).trim());
  `,
};

class Master {
  readonly process: ChildProcess;
  readonly steps: string[] = [];
  readonly ended: Promise<unknown>;
  readonly #lines: Lines;

  constructor(state: string, listen: string) {
    const entry = join(import.meta.dirname, 'support/crashing-master.ts');
    this.process = spawn(process.execPath, [entry, state, listen], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = once(this.process, 'exit');
    const { stdout } = this.process;
    if (stdout === null) throw new Error('the master has no stdout');
    createInterface({ input: stdout }).on('line', (line) => {
      if (line.startsWith('step ')) this.steps.push(line.slice('step '.length));
    });
    this.#lines = (pattern) => lineOf(stdout, pattern);
    onTestFinished(() => void this.process.kill('SIGKILL'));
  }

  /** Its address. */
  async ready(): Promise<string> {
    return (await this.#lines(/^ready /)).slice('ready '.length);
  }

  async dieAfter(steps: number): Promise<void> {
    this.process.stdin?.write(`${steps}\n`);
    await this.#lines(/^counting /);
  }
}

type Lines = (pattern: RegExp) => Promise<string>;

async function lineOf(stream: Readable, pattern: RegExp): Promise<string> {
  for await (const [line] of on(createInterface({ input: stream }), 'line') as AsyncIterable<[string]>)
    if (pattern.test(line)) return line;
  throw new Error(`nothing matched ${pattern}`);
}

test('a run survives a kill of its master at each of its durable steps', { timeout: 400_000 }, async () => {
  const state = await temporaryDirectory();
  let master = new Master(state, '127.0.0.1:0');
  const url = await master.ready();
  const tokenFile = join(state, 'admin.token');
  const env = { TUTTI_MASTER: url, TUTTI_TOKEN_FILE: tokenFile };
  const agents = [];
  for (const name of ['n1', 'n2', 'n3']) agents.push(await startAgent({ url, tokenFile }, { name }));

  const undisturbed = await verdict();
  const steps = [...master.steps];
  expect(steps.length).toBeGreaterThan(LEAST_STEPS);
  for (const [index, step] of steps.entries()) {
    if (!ALL && steps.indexOf(step) !== index) continue;
    await eventually(async () => (await idle()) === agents.length, { timeout: 10_000, every: 50 });
    await master.dieAfter(index + 1);
    expect({ step, ...(await verdict()) }).toEqual({ step, ...undisturbed });
  }
  for (const agent of agents) {
    await eventually(async () => (await readdir(join(agent.state, 'members'))).length === 0, {
      timeout: 15_000,
    });
  }

  async function idle(): Promise<number> {
    const { stdout } = await tutti(['nodes', '--json'], { env });
    return (JSON.parse(stdout) as { state: string }[]).filter((node) => node.state === 'idle').length;
  }

  /** What came of one run, during which the master may have died and is then started again. */
  async function verdict() {
    const cwd = await folder(FILES);
    const begun = master;
    const run = await startTutti(['run', 'suite.yaml'], { cwd, env, input: '' });
    const died = begun.ended.then(() => 'died' as const);
    if ((await Promise.race([run.ended, died])) === 'died') {
      master = new Master(state, url.replace('ws://', ''));
      await master.ready();
    }
    const { code, stderr } = await run.ended;
    const report = readReport(join(cwd, 'tutti-results/latest'));
    expect(reportMistakes(report), stderr).toEqual([]);
    const [exchange, fails, drives] = report.tests;
    return {
      code,
      status: report.status,
      summary: report.summary,
      exchange: {
        status: exchange?.status,
        cause: exchange?.cause,
        barriers: exchange?.attempts[0]?.barriers.map(({ name, generation, size }) => ({
          name,
          generation,
          size,
        })),
        subtests: exchange?.attempts[0]?.subtests.map(({ name, member, status }) => ({
          name,
          member,
          status,
        })),
        output: [await stdoutOf(cwd, exchange, 'a.0'), await stdoutOf(cwd, exchange, 'a.1')],
        attempts: exchange?.attempts.length,
      },
      fails: { status: fails?.status, cause: fails?.cause, attempts: fails?.attempts.length },
      drives: {
        status: drives?.status,
        cause: drives?.cause,
        said: await stdoutOf(cwd, drives, 'driver.0'),
        commands: drives?.attempts[0]?.commands?.map(({ member, number, exit }) => ({
          member,
          number,
          exit,
        })),
      },
    };
  }
});
