/**
 * What is left of one test, read from where it lies: the master's copies of logs and artifacts, the report, what the scripts noted
 * outside of their machines, and what machines that crashed had kept of their logs.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report, ReportBarrier } from '@tutti/protocol';
import { parse } from 'yaml';
import type { Harm } from './harm.ts';
import type { KeptLog } from './lab/kept-logs.ts';

export interface Note {
  what: 'begin' | 'reboot' | 'finish';
  incarnation: number;
  /** How many lines it had printed; of a beginning 0. */
  lines: number;
  /** Unix time in milliseconds. */
  at: number;
}

export interface MemberEvidence {
  name: string;
  node: string;
  status: string;
  cause: string;
  /** The master's copies, by incarnation. */
  logs: { stdout: string[]; stderr: string[] };
  /** Digests by path below `out/`. */
  artifacts: Map<string, string>;
  notes: Note[];
  kept: KeptLog[];
}

export interface TestEvidence {
  run: number;
  name: string;
  status: string;
  cause: string;
  rounds: number;
  members: MemberEvidence[];
  barriers: ReportBarrier[];
  /** `enter a.0`, `leave a.0` … in the order in which it happened. */
  door: string[];
  /** What was done to its machines, and may have changed its verdict. */
  harms: Harm[];
}

export interface Sources {
  /** The run's directory. */
  run: string;
  /** The directory of the lab. */
  lab: string;
  rounds: number;
  harms: readonly Harm[];
}

export function readRun({ run, lab, rounds, harms }: Sources): TestEvidence[] {
  const report = parse(readFileSync(join(run, 'report.yaml'), 'utf8')) as Report;
  const kept = readKept(lab);
  return report.tests.map(({ name, status, cause = '', attempts }) => {
    const notes = join(lab, 'notes', String(report.run), name);
    const members = attempts.flatMap((attempt) => attempt.members);
    return {
      run: report.run,
      name,
      status,
      cause,
      rounds,
      barriers: attempts.flatMap((attempt) => attempt.barriers),
      door: linesOf(join(notes, 'door')),
      harms: harms.filter(({ on }) => members.some(({ node }) => node === on)),
      members: members.map(({ member, node, status: verdict, cause: why = '', dir }) => ({
        name: member,
        node,
        status: verdict,
        cause: why,
        logs: { stdout: logsOf(join(run, dir), 'stdout'), stderr: logsOf(join(run, dir), 'stderr') },
        artifacts: digestsOf(join(run, dir, 'out')),
        notes: linesOf(join(notes, member)).map(noteOf),
        kept: kept.filter((log) => log.run === report.run && log.test === name && log.member === member),
      })),
    };
  });
}

/** Digests of all files below a directory, by path. */
export function digestsOf(dir: string): Map<string, string> {
  if (!existsSync(dir)) return new Map();
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .toSorted()
      .map((path) => [
        path.slice(dir.length + 1),
        createHash('sha256').update(readFileSync(path)).digest('hex'),
      ]),
  );
}

function logsOf(dir: string, stream: string): string[] {
  const files = Array.from({ length: 100 }, (_, n) =>
    join(dir, n === 0 ? `${stream}.log` : `${stream}.${n}.log`),
  );
  return files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'));
}

function readKept(lab: string): KeptLog[] {
  return readdirSync(lab)
    .flatMap((machine) => linesOf(join(lab, machine, 'kept')))
    .map((line) => JSON.parse(line) as KeptLog);
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

function noteOf(line: string): Note {
  const [what = '', incarnation, ...numbers] = line.split(' ');
  if (what !== 'begin' && what !== 'reboot' && what !== 'finish') throw new Error(`no note: ${line}`);
  const lines = what === 'begin' ? 0 : Number(numbers[0]);
  return { what, incarnation: Number(incarnation), lines, at: Number(numbers.at(-1)) };
}
