/**
 * `tutti exec`: a command on machines, its output as it comes.
 *
 * Guarantees: all of the output appears, to the byte, and is nowhere kept as a whole; a reader that waits is waited for, down to the
 * command. The first interruption stops the commands on their machines, and waits until they have ended.
 */

import { durationSeconds, type MasterClient } from '@tutti/client';
import { machineAt, type Terminal, type TerminalExit } from '@tutti/client/objects';
import { type Command, TuttiError } from '@tutti/protocol';
import { type MasterFlags, note, withMaster } from '../connect.ts';
import { keyValue } from '../options.ts';
import { onInterrupt } from '../run/interrupt.ts';
import { showError } from '../show-error.ts';
import { exitStatusOf, type Outcome, worstStatus } from './exit-status.ts';
import { inputTo } from './input.ts';
import { PrefixedLines } from './prefixed.ts';
import { Tail } from './tail.ts';
import { saidByFlags, type Target, type TargetFlags, targetsOf } from './targets.ts';
import { written } from './written.ts';

export interface ExecFlags extends MasterFlags, TargetFlags {
  readonly timeout?: string;
  readonly env?: string[];
  readonly cwd?: string;
  readonly input: boolean;
  readonly json?: boolean;
}

/** As many machines at a time. */
const AT_ONCE = 256;
/** Beyond, a long name moves its own lines only. */
const WIDEST = 32;

interface Sink {
  take(of: 'stdout' | 'stderr', bytes: Buffer): Promise<void>;
  end(): Promise<void>;
}

interface Result extends Outcome {
  readonly target: Target;
  readonly told?: TerminalExit;
  readonly error?: TuttiError;
  readonly tails?: Readonly<Record<'stdout' | 'stderr', Tail>>;
}

/** Resolves with the exit status. */
export async function exec(words: readonly string[], flags: ExecFlags): Promise<number> {
  const named = saidByFlags(flags) ? undefined : words[0];
  const command = commandOf(named === undefined ? words : words.slice(1));
  const env = Object.fromEntries((flags.env ?? []).map((text) => keyValue(text, '--env')));
  const timeout = flags.timeout === undefined ? undefined : durationSeconds(flags.timeout);
  const interrupt = onInterrupt((signal) =>
    note(`${signal}: the command is being stopped; once more: without waiting`),
  );
  // A reader that has seen enough needs no more of it.
  const enough = new AbortController();
  process.stdout.once('error', () => enough.abort(new TuttiError('CANCELLED', 'nobody reads the output')));
  const signal = AbortSignal.any([interrupt.signal, enough.signal]);
  try {
    return await withMaster(
      flags,
      async (client) => {
        const targets = await targetsOf(client, named, flags);
        const work = { client, targets, options: { command, env, cwd: flags.cwd, timeout }, signal, flags };
        const results = await onAll(work);
        if (flags.json) process.stdout.write(`${JSON.stringify(results.map(asJson), null, 2)}\n`);
        if (enough.signal.aborted) return 0;
        const [only] = results;
        if (results.length > 1 || only === undefined) return worstStatus(results);
        if (only.error === undefined) return exitStatusOf(only);
        return flags.json ? exitStatusOf(only) : showError(only.error, process.stderr);
      },
      note,
    );
  } finally {
    interrupt.stop();
  }
}

/** One word is a line for `sh`, several are a program and its arguments. */
function commandOf(words: readonly string[]): Command {
  const [line] = words;
  if (line === undefined) throw new TuttiError('USAGE', 'say what is to be run: tutti exec n1 -- uptime');
  return words.length === 1 ? line : [...words];
}

interface Work {
  readonly client: MasterClient;
  readonly targets: readonly Target[];
  readonly options: {
    readonly command: Command;
    readonly env: Record<string, string>;
    readonly cwd: string | undefined;
    readonly timeout: number | undefined;
  };
  readonly signal: AbortSignal;
  readonly flags: ExecFlags;
}

async function onAll(work: Work): Promise<Result[]> {
  const { targets, flags } = work;
  const several = targets.length > 1;
  const width = Math.min(WIDEST, Math.max(...targets.map(({ title }) => title.length)));
  // More than are started together cannot be given the same input.
  const input = inputTo(flags.input && targets.length <= AT_ONCE ? process.stdin : undefined, targets.length);
  const results: Result[] = [];
  const queue = targets.map((target, place) => ({ target, place }));
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { target, place } = next;
      const tails = { stdout: new Tail(), stderr: new Tail() };
      const sink = flags.json ? keeping(tails) : several ? prefixing(target.title.padEnd(width)) : passing();
      const result = await onOne(work, target, sink, input.add);
      results[place] = { ...result, ...(flags.json ? { tails } : {}) };
      if (several && result.error !== undefined && !flags.json)
        note(`${target.title}: ${result.error.message}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, worker));
  } finally {
    input.stop();
  }
  return results;
}

async function onOne(
  { client, options, signal }: Work,
  target: Target,
  sink: Sink,
  takesInput: (terminal: Terminal | undefined) => void,
): Promise<Result> {
  let terminal: Terminal | undefined;
  try {
    signal.throwIfAborted();
    terminal = await machineAt(client, target.at, target.title).open({ ...options, signal });
    takesInput(terminal);
    for await (const { of, bytes } of terminal.pieces()) await sink.take(of, bytes);
    const told = await terminal.exit;
    const { exit, signal: by, stopped } = told;
    return { target, told, exit, signal: by, stopped };
  } catch (thrown) {
    if (terminal === undefined) takesInput(undefined);
    const error = TuttiError.from(thrown);
    return { target, error, ...(signal.aborted ? { stopped: 'cancelled' } : { failed: true }) };
  } finally {
    await sink.end().catch(() => {});
    await terminal?.forget();
  }
}

function passing(): Sink {
  return { take: (of, bytes) => written(process[of], bytes), end: async () => {} };
}

function prefixing(title: string): Sink {
  const lines = { stdout: new PrefixedLines(`${title} | `), stderr: new PrefixedLines(`${title} | `) };
  return {
    take: (of, bytes) => written(process[of], lines[of].add(bytes)),
    async end() {
      for (const out of ['stdout', 'stderr'] as const) await written(process[out], lines[out].end());
    },
  };
}

function keeping(tails: Readonly<Record<'stdout' | 'stderr', Tail>>): Sink {
  return {
    async take(of, bytes) {
      tails[of].add(bytes);
    },
    end: async () => {},
  };
}

function asJson({ target, told, error, tails }: Result): Record<string, unknown> {
  return {
    node: target.title,
    ...(told === undefined ? {} : { exit: told.exit, signal: told.signal, stopped: told.stopped }),
    ...(told === undefined ? {} : { duration: told.duration }),
    ...(tails === undefined ? {} : { stdout: tails.stdout.text, stdoutSize: tails.stdout.size }),
    ...(tails === undefined ? {} : { stderr: tails.stderr.text, stderrSize: tails.stderr.size }),
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
  };
}
