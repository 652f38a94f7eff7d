/** A `Members` on a directory of its own, with real processes; everything is ended and removed afterwards. */
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest, MemberEnd, MemberSpec } from '@tutti/protocol';
import { onTestFinished } from 'vitest';
import { Members, type MembersOptions } from '../../src/members/members.ts';
import type { Log } from '../../src/system/log.ts';
import { labOptions } from './lab-options.ts';

export const randomId = (): string => randomBytes(16).toString('hex');

export interface Lab {
  readonly members: Members;
  readonly base: string;
  readonly agent: string;
  readonly stateDir: string;
  readonly blobs: string;
  /** Warnings and errors that were logged. */
  readonly complaints: string[];
  /** Everything reported, in order. */
  readonly reported: [string, MemberEnd][];
  ended(id: string): Promise<MemberEnd>;
  dir(id: string): string;
  text(id: string, file: string): string;
  /** Prepares, starts and waits for the end. */
  run(spec: MemberSpec): Promise<MemberEnd>;
  /** Another agent on the same state directory, as after a restart. */
  successor(options?: Partial<MembersOptions>): Promise<Lab>;
}

export async function makeLab(options: Partial<MembersOptions> = {}): Promise<Lab> {
  const base = mkdtempSync(join(tmpdir(), 'tutti-lab-'));
  onTestFinished(async () => {
    // What a failed test left running.
    await killAllWith(base);
    rmSync(base, { recursive: true, force: true });
  });
  makeSdk(join(base, 'sdk'));
  mkdirSync(join(base, 'blobs'));
  return openLab(base, randomId(), options);
}

export async function openLab(
  base: string,
  agent: string,
  options: Partial<MembersOptions> = {},
): Promise<Lab> {
  const reported: [string, MemberEnd][] = [];
  const complaints: string[] = [];
  const waiting = new Map<string, (end: MemberEnd) => void>();
  const complain = (about: object, message: string): void => {
    complaints.push(`${message} ${'err' in about ? String(about.err) : JSON.stringify(about)}`);
  };
  const log: Log = { debug: () => undefined, info: () => undefined, warn: complain, error: complain };
  const members = new Members({
    ...labOptions(base, agent),
    log,
    onEnded: (id, end) => {
      reported.push([id, end]);
      waiting.get(id)?.(end);
    },
    ...options,
  });
  await members.adopt();
  let open = true;
  onTestFinished(async () => {
    if (!open) return;
    for (const { member } of members.presence()) await members.forget(member);
    await members.close({ kill: true });
  });
  const lab: Lab = {
    members,
    base,
    agent,
    stateDir: join(base, 'state'),
    blobs: join(base, 'blobs'),
    complaints,
    reported,
    dir: (id) => join(base, 'state', 'members', id),
    text: (id, file) => readFileSync(join(base, 'state', 'members', id, file), 'utf8'),
    ended: (id) => {
      const known = members.end(id);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve) => {
        waiting.set(id, resolve);
      });
    },
    run: async (spec) => {
      await members.prepare(spec);
      await members.start(spec.member);
      return lab.ended(spec.member);
    },
    successor: async (more = {}) => {
      open = false;
      await members.close({ kill: false });
      return openLab(base, agent, { ...options, ...more });
    },
  };
  return lab;
}

function makeSdk(dir: string): void {
  mkdirSync(join(dir, 'python'), { recursive: true });
  writeFileSync(join(dir, 'package.json'), '{"name":"tutti","type":"module","exports":"./index.js"}');
  writeFileSync(join(dir, 'index.js'), "export const hello = 'from the sdk';\n");
  writeFileSync(join(dir, 'shim.js'), "console.log('shim', process.argv.slice(2).join(' '));\n");
  writeFileSync(join(dir, 'python', 'tutti.py'), "hello = 'from the sdk'\n");
}

/** A member with an inline script. */
export function inline(text: string, more: Partial<MemberSpec> = {}): MemberSpec {
  return {
    member: randomId(),
    master: randomId(),
    run: { number: 7, id: randomId() },
    suite: 'lab',
    test: 'one test',
    attempt: { number: 1, id: randomId() },
    name: 'server.0',
    role: 'server',
    index: 0,
    node: 'n1',
    script: { kind: 'inline', text },
    params: {},
    env: {},
    timeout: 60,
    topology: [
      {
        member: 'server.0',
        role: 'server',
        index: 0,
        node: 'n1',
        addresses: ['10.0.0.1', 'fd00::1'],
        params: {},
      },
      { member: 'client.1', role: 'client', index: 1, node: 'n3', addresses: ['10.0.0.3'], params: {} },
      { member: 'client.0', role: 'client', index: 0, node: 'n2', addresses: ['10.0.0.2'], params: {} },
    ],
    files: [],
    ...more,
  };
}

/** Puts contents into the lab's cache; the manifest's entry for it. */
export function stage(lab: Lab, path: string, contents: string | Uint8Array, mode = 0o644): Manifest[number] {
  const digest = createHash('sha256').update(contents).digest('hex');
  writeFileSync(join(lab.blobs, digest), contents);
  return { kind: 'file', path, mode, size: Buffer.byteLength(contents), digest };
}

/** Looks until it is so; a deadline, not a pause. */
export async function until(what: string, condition: () => boolean, seconds = 8): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Processes whose environment or command line shows this text. */
export function processesWith(text: string): number[] {
  return readdirNumbers().filter((pid) => {
    try {
      return (
        ['environ', 'cmdline'].some((file) =>
          readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(text),
        ) && !isZombie(pid)
      );
    } catch {
      return false;
    }
  });
}

/** As when a machine goes down. */
export async function killAllWith(text: string): Promise<void> {
  await until('all are gone', () => {
    const left = processesWith(text);
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It went by itself.
      }
    }
    return left.length === 0;
  });
}

export function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/s, ''));
  } catch {
    return true;
  }
}

function readdirNumbers(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}
