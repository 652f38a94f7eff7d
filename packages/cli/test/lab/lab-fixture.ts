/** Starts labs of fake daemons and finds what is left of them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { type Lab, type LabOptions, startLab } from '../../src/lab/index.ts';
import type { Answer, Behaviours, Question } from './fake-tutti.ts';

export const canNamespace = process.platform === 'linux' && process.getuid?.() === 0;

export function fakeTutti(behaviours: Behaviours = {}): string[] {
  return [process.execPath, `${import.meta.dirname}/fake-tutti.ts`, JSON.stringify(behaviours)];
}

/** A directory of the test's own for everything temporary; its name is in the command line of every process of the lab. */
export async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp('/tmp/lab-test-');
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export async function fakeLab(
  options: Partial<LabOptions> & { tmpRoot: string },
  behaviours: Behaviours = {},
): Promise<Lab> {
  const lab = await startLab({
    agents: 2,
    net: 'host',
    command: fakeTutti(behaviours),
    runsDir: `${options.tmpRoot}/results`,
    ...options,
  });
  onTestFinished(() => lab.stop());
  return lab;
}

export async function ask(lab: { url: string }, question: Question): Promise<Answer> {
  return JSON.parse(await tell(lab, question)) as Answer;
}

/** The answer as it comes: nothing, if the agent ended instead. */
export async function tell(lab: { url: string }, question: Question): Promise<string> {
  const socket = connect(lab.url.replace('unix:', ''));
  socket.write(`${JSON.stringify(question)}\n`);
  return text(socket);
}

/** Processes whose environment or command line contains the words: "pid command line". */
export function processesWith(words: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter(
      (pid) => read(`/proc/${pid}/environ`).includes(words) || read(`/proc/${pid}/cmdline`).includes(words),
    )
    .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
}

/** Everything that there still is of the labs below a directory. */
export function remains(tmpRoot: string): string[] {
  return [...processesWith(tmpRoot), ...readdirSync(tmpRoot)];
}

/** Inodes of the network namespaces those processes are in, but for the machine's. */
export function namespacesOf(processes: string[]): string[] {
  const all = new Set(processes.map((line) => namespace(line.split(' ', 1)[0]!)));
  all.delete(namespace('self'));
  return [...all].filter((name) => name !== '');
}

export function allNamespaces(): string[] {
  return namespacesOf(readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)));
}

function namespace(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended since, or is a kernel's own
  }
}
