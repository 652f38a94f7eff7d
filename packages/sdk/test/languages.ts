/** How the contract's tests make a call in each language, and what they see of it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TuttiError } from '../src/index.ts';
import type { Spelling } from './spellings.ts';

export interface Seen {
  /** What came back; the shell's is what it printed. */
  value?: unknown;
  code?: string;
  message?: string;
  /** The shell's exit status. */
  status?: number;
}

export interface Caller {
  seen: Promise<Seen>;
  /** Ends the caller in the middle of its call. */
  kill(): void;
}

export interface Language {
  name: 'TypeScript' | 'Python' | 'shell';
  available: boolean;
  says(spelling: Spelling): boolean;
  call(spelling: Pick<Spelling, 'typescript' | 'python' | 'shell'>, socket: string): Caller;
  /** What `Seen` must be when the call was answered as in the spelling. */
  expects(spelling: Spelling): Seen;
}

const SDK = join(import.meta.dirname, '..');
export const SHIM = join(SDK, 'src/shim.ts');
export const PYTHON = process.env['PYTHON'] ?? 'python3';
export const PYTHON_PATH = join(SDK, 'python');

/** In this very process, as a script of somebody's would. */
export const typescript: Language = {
  name: 'TypeScript',
  available: true,
  says: () => true,
  expects: ({ value }) => ({ value }),
  call({ typescript: run }, socket) {
    process.env['TUTTI_SOCKET'] = socket;
    const stop = new AbortController();
    const seen = run(stop.signal).then(
      (value): Seen => ({ value: value ?? null }),
      (error: unknown): Seen => {
        if (!(error instanceof TuttiError)) throw error;
        return { code: error.code, message: error.message };
      },
    );
    return { seen, kill: () => stop.abort() };
  },
};

const PYTHON_DRIVER = `
import json, sys, tutti
try:
    value = eval(sys.argv[1])
    print(json.dumps({'value': value._asdict() if hasattr(value, '_asdict') else value}))
except tutti.Error as error:
    print(json.dumps({'code': error.code, 'message': error.message}))
`;

export const python: Language = {
  name: 'Python',
  available: spawnSync(PYTHON, ['-c', 'import json, socket']).status === 0,
  says: () => true,
  expects: ({ value }) => ({ value }),
  call({ python: expression }, socket) {
    const env = {
      ...process.env,
      TUTTI_SOCKET: socket,
      PYTHONPATH: PYTHON_PATH,
      PYTHONDONTWRITEBYTECODE: '1',
    };
    return start(PYTHON, ['-c', PYTHON_DRIVER, expression], env, (stdout) => JSON.parse(stdout) as Seen);
  },
};

export const shell: Language = {
  name: 'shell',
  available: true,
  says: (spelling) => spelling.shell !== undefined,
  expects: ({ prints, status = 0 }) => ({ value: prints, status }),
  call({ shell: words = [] }, socket) {
    return start(
      process.execPath,
      [SHIM, ...words],
      { ...process.env, TUTTI_SOCKET: socket },
      (value, stderr, status) => {
        const [, code, message] = /^tutti: ([A-Z_]+): (.*)/.exec(stderr) ?? [];
        return code === undefined ? { value, status } : { code, message: message ?? '', status };
      },
    );
  },
};

export const LANGUAGES: readonly Language[] = [typescript, python, shell];

type Reading = (stdout: string, stderr: string, status: number) => Seen;

function start(command: string, args: string[], env: NodeJS.ProcessEnv, read: Reading): Caller {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const finish = async (): Promise<Seen> => {
    const [stdout, stderr, [status, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null, string | null]>,
    ]);
    if (status === null) throw new Error(`ended by ${signal}`);
    try {
      return read(stdout, stderr, status);
    } catch (error) {
      throw new Error(`${command}: ${stderr}`, { cause: error });
    }
  };
  return { seen: finish(), kill: () => child.kill('SIGKILL') };
}
