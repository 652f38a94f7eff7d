import { defaultState } from '@tutti/client';
import { TuttiError } from '@tutti/protocol';
import type { Command } from 'commander';
import { runDaemon } from '../daemon.ts';
import { SOFTWARE } from '../software.ts';
import { surroundings } from '../surroundings.ts';

interface Flags {
  state?: string;
  listen: string;
  runs?: string;
  minFree: string;
  logLevel: string;
  private?: boolean;
}

export function addMaster(program: Command): void {
  program
    .command('master')
    .description('run the master daemon: keeps the pool of machines, runs suites, writes reports')
    .option(
      '--state <dir>',
      'state directory (default: /var/lib/tutti/master as root, else below $XDG_STATE_HOME)',
    )
    .option('--listen <address>', 'HOST:PORT or unix:PATH; port 0 picks a free one', '127.0.0.1:8282')
    .option('--runs <dir>', 'where run directories go (default: runs/ in the state directory)')
    .option('--min-free <MiB>', 'take new runs only while so much of the disk is free', '1024')
    .option('--log-level <level>', 'trace, debug, info, warn, error', 'info')
    .option('--private', 'end, and delete the state directory, at end-of-file on stdin')
    .action(async (flags: Flags) => {
      process.exitCode = await master(flags);
    });
}

async function master(flags: Flags): Promise<number> {
  const { createLog, startMaster } = await import('@tutti/master');
  const state = flags.state ?? defaultState('master', surroundings());
  const log = createLog({ daemon: 'master', level: flags.logLevel, out: process.stderr });
  const running = await startMaster({
    state,
    listen: flags.listen,
    runs: flags.runs,
    minFree: mebibytes(flags.minFree),
    ephemeral: flags.private === true,
    software: SOFTWARE,
    log,
  });
  const daemon = { state, ready: Promise.resolve({ url: running.url, state }), close: () => running.close() };
  return runDaemon(daemon, { isPrivate: flags.private === true });
}

/** In bytes. Throws `USAGE`. */
function mebibytes(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && Number.isFinite(number)) return number * 1024 ** 2;
  throw new TuttiError('USAGE', `--min-free takes a number of MiB, not ${JSON.stringify(text)}`);
}
