/**
 * A driver under a test's control: its script runs as a process of its own, as an agent would start it, against a local socket on
 * which the test answers for all machines.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { driveArgs, localVerbs, type NodeVerb } from '@tutti/protocol';
import { type Connection, FakeAgent, type SeenRequest } from '../fake-agent.ts';
import { PYTHON, PYTHON_PATH } from '../languages.ts';

const SOURCES = join(import.meta.dirname, '../../src');

export interface Drive {
  /** `db.0` */
  on: string;
  do: NodeVerb;
  args: Record<string, unknown>;
  /** Resolves when the driver withdraws the request. */
  withdrawn: Promise<void>;
}

export class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What is answered for the machines; a promise that never settles leaves the driver waiting. */
export type Machines = (drive: Drive) => unknown;

export interface Reported {
  name: string;
  status: string;
  message?: string;
}

export interface Outcome {
  status: number | null;
  stderr: string;
  stdout: string;
  /** The subtests. */
  results: Reported[];
  /** What was asked of machines: `db.0 start`. */
  asked: string[];
  drives: Drive[];
}

export type Language = 'TypeScript' | 'Python';
export type Story = Record<Language, string>;

const MEMBERS = [
  ['db', 0, 'n1'],
  ['db', 1, 'n2'],
  ['client', 0, 'n3'],
  ['driver', 0, 'n4'],
] as const;

const TOPOLOGY = {
  run: 1,
  test: 'story',
  attempt: 1,
  self: 'driver.0',
  members: MEMBERS.map(([role, index, node]) => ({
    member: `${role}.${index}`,
    role,
    index,
    node,
    addresses: ['10.0.0.1'],
    params: {},
  })),
};

/** How a command ended, as an agent says it. */
export function ended(code = 0, stdout = '', stderr = '', more: object = {}): object {
  const output = (words: string) => ({
    size: Buffer.byteLength(words),
    tail: Buffer.from(words).toString('base64'),
  });
  return {
    exit: { how: 'exited', code },
    duration: 0.1,
    stdout: output(stdout),
    stderr: output(stderr),
    ...more,
  };
}

/** Commands end with what `of` gives for them, by their line. */
export function shells(of: (command: string, on: string) => object | Promise<object>): Machines {
  const lines = new Map<string, string>();
  return ({ on, do: verb, args }) => {
    const id = String(lines.size + 1).padStart(32, '0');
    if (verb === 'start') {
      lines.set(id, [args['command']].flat().join(' '));
      return { command: id, number: lines.size };
    }
    if (verb === 'ended') return of(lines.get(args['command'] as string) ?? '', on);
    return {};
  };
}

/** Runs the driver to its end; `during` may do something meanwhile. */
export async function drive(
  language: Language,
  script: string,
  machines: Machines = () => ({}),
  env: Record<string, string> = {},
): Promise<Outcome> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'tutti-drive-')));
  await using agent = await new FakeAgent().listen();
  const outcome: Outcome = { status: null, stderr: '', stdout: '', results: [], asked: [], drives: [] };
  const serving = serve(agent, machines, outcome);
  try {
    writeFileSync(join(dir, 'topology.json'), JSON.stringify(TOPOLOGY));
    const child = spawn(...commandFor(language, dir, script), {
      cwd: dir,
      env: {
        ...process.env,
        TUTTI_SOCKET: agent.path,
        TUTTI_TOPOLOGY: join(dir, 'topology.json'),
        TUTTI_DEADLINE: '60',
        TUTTI_MEMBER: 'driver.0',
        TUTTI_PARAM_SIZE: '3',
        PYTHONPATH: PYTHON_PATH,
        PYTHONDONTWRITEBYTECODE: '1',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return Object.assign(outcome, { status, stdout, stderr });
  } finally {
    serving.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function commandFor(language: Language, dir: string, script: string): [string, string[]] {
  if (language === 'Python') {
    writeFileSync(join(dir, 'driver.py'), script);
    return [PYTHON, ['driver.py']];
  }
  const sdk = JSON.stringify(pathToFileURL(join(SOURCES, 'index.ts')).href);
  writeFileSync(join(dir, 'driver.ts'), script.replaceAll("'tutti'", sdk));
  return [process.execPath, ['--require', join(SOURCES, 'drive/preload.ts'), 'driver.ts']];
}

function serve(agent: FakeAgent, machines: Machines, outcome: Outcome): { stop(): void } {
  let over = false;
  const loop = async (): Promise<void> => {
    while (!over) {
      const connection = await agent.next();
      void answer(connection).catch(() => {}); // the driver has gone
    }
  };
  const answer = async (connection: Connection): Promise<void> => {
    const request = await connection.request;
    const verb = localVerbs[request.call as keyof typeof localVerbs];
    verb.args.parse(request.args);
    if (request.call === 'result') {
      outcome.results.push(reported(request));
      return connection.answer({});
    }
    if (request.call !== 'drive') return connection.answer({});
    const { on, do: does, args } = request.args as unknown as Drive;
    driveArgs[does].parse(args);
    const asked: Drive = { on, do: does, args, withdrawn: connection.closed };
    outcome.asked.push(`${on} ${does}`);
    outcome.drives.push(asked);
    try {
      await connection.answer(await machines(asked));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await connection.refuse(error.code, error.message);
    }
  };
  void loop();
  return {
    stop: () => {
      over = true;
    },
  };
}

function reported({ args }: SeenRequest): Reported {
  const { name, status, message } = args as unknown as Reported;
  return message === undefined ? { name, status } : { name, status, message };
}
