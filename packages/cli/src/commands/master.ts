import { defaultState } from '@tutti/client';
import { TuttiError } from '@tutti/protocol';
import type { Command } from 'commander';
import { runDaemon } from '../daemon.ts';
import { collect } from '../options.ts';
import { SOFTWARE } from '../software.ts';
import { surroundings } from '../surroundings.ts';
import { webhookSecret, webhookUrls } from '../webhooks.ts';

interface Flags {
  state?: string;
  listen: string;
  runs?: string;
  minFree: string;
  webhook?: string[];
  webhookSecretFile?: string;
  ageing?: string;
  backfill?: boolean;
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
    .option('--ageing <points>', 'priority that a waiting run gains an hour (default: 10)')
    .option(
      '--backfill',
      'let a run go ahead of older ones where its timeouts say that none of them waits longer for it',
    )
    .option(
      '--webhook <url>',
      'tell it when a run starts, first fails, and finishes; may be repeated',
      collect,
    )
    .option('--webhook-secret-file <file>', 'file with the secret that signs what webhooks are told')
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
    webhooks: webhookUrls(flags.webhook ?? [], '--webhook'),
    webhookSecret: webhookSecret(flags.webhookSecretFile),
    scheduling: scheduling(flags, process.env),
    env: process.env,
    ephemeral: flags.private === true,
    software: SOFTWARE,
    log,
  });
  const daemon = {
    state,
    ready: Promise.resolve({ url: running.url, state }),
    reload: () => running.reload(),
    close: () => running.close(),
  };
  return runDaemon(daemon, { isPrivate: flags.private === true });
}

/** A flag wins over `TUTTI_CONF_*`. Throws `USAGE`. */
function scheduling(
  { ageing, backfill }: Flags,
  env: Record<string, string | undefined>,
): { ageing: number; backfill: boolean } {
  const text = ageing ?? (env['TUTTI_CONF_AGEING'] || '10');
  const points = Number(text);
  if (!(text.trim() !== '' && points > 0 && points <= 1e6))
    throw new TuttiError('USAGE', `--ageing takes a number of points above 0, not ${JSON.stringify(text)}`);
  return { ageing: points, backfill: backfill ?? env['TUTTI_CONF_BACKFILL'] === '1' };
}

/** In bytes. Throws `USAGE`. */
function mebibytes(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && Number.isFinite(number)) return number * 1024 ** 2;
  throw new TuttiError('USAGE', `--min-free takes a number of MiB, not ${JSON.stringify(text)}`);
}
