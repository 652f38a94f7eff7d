/**
 * Stands in for `tutti master` and `tutti agent` as far as a lab can tell: the same arguments, the same `ready` line, the
 * same obedience to end-of-file. Of its own it can look around from inside an agent's network:
 *
 *   test ──{"node":"n1","connect":"10.77.0.3"}──▶ master ──▶ agent n1: interfaces; connects; the peer says its name
 *
 * Behaviours come first on the command line, as JSON: a misbehaving daemon is named by `master` or the agent's name.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { exit } from 'node:process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

export interface Behaviours {
  /** Dies at start, saying why. */
  die?: string;
  /** Never gets ready. */
  mute?: string;
  /** Does not end when told to. */
  deaf?: string;
  /** Starts a process with a member's environment in a session of its own, and forgets it. */
  litter?: string;
}

export interface Question {
  node: string;
  connect?: string;
  /** End at once, with this status. */
  exit?: number;
}

export interface Answer {
  addresses: string[];
  /** What the peer called itself. */
  peer?: string;
  error?: string;
}

const PORT = 7077;

if (process.argv[1] === import.meta.filename) main();

function main(): void {
  const behaviours = JSON.parse(process.argv[2] ?? '{}') as Behaviours;
  const { values, positionals } = parseArgs({
    args: process.argv.slice(3),
    allowPositionals: true,
    options: {
      state: { type: 'string' },
      private: { type: 'boolean' },
      listen: { type: 'string' },
      runs: { type: 'string' },
      master: { type: 'string' },
      name: { type: 'string' },
      address: { type: 'string' },
      label: { type: 'string' },
      'token-file': { type: 'string' },
    },
  });
  const name = positionals[0] === 'master' ? 'master' : values.name!;
  const state = values.state!;
  mkdirSync(state, { recursive: true, mode: 0o700 });

  process.stdin.resume().on('end', () => {
    if (behaviours.deaf === name) return;
    rmSync(state, { recursive: true });
    exit();
  });
  if (behaviours.deaf === name) setInterval(() => undefined, 1 << 30);
  if (behaviours.die === name) {
    process.stderr.write('first line\nthe disk is on fire\n');
    exit(3);
  }
  if (behaviours.litter === name) {
    const env = { ...process.env, TUTTI_OUT: `${state}/members/x/out` };
    spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env }).unref();
  }
  const ready = () => {
    if (behaviours.mute === name) process.stderr.write('thinking\n');
    else process.stdout.write(`ready ${JSON.stringify({ url: values.listen, pid: process.pid })}\n`);
  };
  if (name === 'master') master(values.listen!.replace('unix:', ''), state, ready);
  else agent(name, values.address!, values.master!.replace('unix:', ''), values['token-file']!, ready);
}

function master(path: string, state: string, ready: () => void): void {
  writeFileSync(`${state}/admin.token`, 'secret\n', { mode: 0o600 });
  const agents = new Map<string, Socket>();
  const server = createServer((socket) => {
    createInterface({ input: socket }).once('line', (line) => {
      const message = JSON.parse(line) as { hello?: string } & Question;
      if (message.hello !== undefined) {
        agents.set(message.hello, socket);
        socket.write('welcome\n');
      } else {
        const peer = agents.get(message.node)!;
        peer.write(`${line}\n`);
        peer.once('data', (reply) => socket.end(reply)).once('close', () => socket.end());
      }
    });
  });
  server.listen(path, ready);
}

function agent(
  name: string,
  address: string,
  masterPath: string,
  tokenFile: string,
  ready: () => void,
): void {
  const token = readFileSync(tokenFile, 'utf8').trim();
  if (token !== 'secret') throw new Error('no token');
  const own = networkInterfaces();
  // On the host's network all agents share an address; only in a namespace is the port this one's.
  if (own['eth0']?.some((entry) => entry.address === address)) {
    createServer((socket) => socket.end(name)).listen(PORT, '::');
  }
  const link = connect(masterPath, () => link.write(`${JSON.stringify({ hello: name })}\n`));
  const lines = createInterface({ input: link });
  lines.once('line', () => {
    ready();
    lines.on('line', (line) => {
      const question = JSON.parse(line) as Question;
      if (question.exit !== undefined) {
        process.stderr.write('told to exit\n');
        exit(question.exit);
      }
      void answer(question).then((reply) => link.write(`${JSON.stringify(reply)}\n`));
    });
  });
}

async function answer({ connect: host }: Question): Promise<Answer> {
  const addresses = Object.entries(networkInterfaces()).flatMap(([device, entries = []]) =>
    entries.map((entry) => `${device} ${entry.address}`),
  );
  if (host === undefined) return { addresses };
  try {
    return { addresses, peer: await text(connect(PORT, host)) };
  } catch (error) {
    return { addresses, error: String(error) };
  }
}
