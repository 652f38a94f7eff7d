/** `tutti logs`: from the words of the command line to lines on stdout. */
import { durationSeconds, readLogs, runNumber } from '@tutti/client';
import { EXIT, nearest, TuttiError } from '@tutti/protocol';
import type { LogsFlags } from '../commands/logs.ts';
import { note, withMaster } from '../connect.ts';
import { paletteFor } from '../progress/palette.ts';
import { JsonLogPrinter, LogPrinter } from './printer.ts';

type Source = 'stdout' | 'stderr';
const SOURCES: readonly Source[] = ['stdout', 'stderr'];

export async function logs(
  words: string,
  test: string | undefined,
  member: string | undefined,
  flags: LogsFlags,
): Promise<number> {
  const query = {
    sources: sourcesOf(flags.source),
    follow: flags.follow === true,
    ...(test === undefined ? {} : { test }),
    ...(member === undefined ? {} : { member }),
    ...sinceOf(flags.since),
  };
  const out = process.stdout;
  return withMaster(
    flags,
    async (client) => {
      const run = await runNumber(client, words);
      const palette = paletteFor(out.isTTY, process.env);
      const printer = flags.json
        ? new JsonLogPrinter(out, run)
        : new LogPrinter({ out, palette, prefix: flags.prefix });
      try {
        await readLogs(client, { run, ...query }, printer);
      } catch (error) {
        // Its reader has seen enough.
        if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
      }
      return EXIT.ok;
    },
    note,
  );
}

/** Throws `USAGE`. */
export function sourcesOf(words: readonly string[]): Source[] {
  const wanted = words.flatMap((word) => word.split(',')).filter((word) => word !== '');
  if (wanted.length === 0) return [...SOURCES];
  const found = new Set<Source>();
  for (const word of wanted) {
    const source = SOURCES.find((known) => known === word);
    const near = nearest(word, SOURCES);
    const there = near === undefined ? `it is ${SOURCES.join(' or ')}` : `did you mean ${near}?`;
    if (source === undefined) throw new TuttiError('USAGE', `--source: there is no "${word}"; ${there}`);
    found.add(source);
  }
  return [...found];
}

/** A time span is meant from now backwards, by the master's clock. Throws `USAGE`. */
export function sinceOf(text: string | undefined): { ago?: number; since?: number } {
  if (text === undefined) return {};
  // As a date begins: a year, which no time span has.
  if (/^\d{4}-/.test(text)) {
    const since = Date.parse(text.replace(' ', 'T'));
    if (!Number.isNaN(since)) return { since };
  } else {
    try {
      return { ago: durationSeconds(text) };
    } catch {
      // Told below, with both forms.
    }
  }
  const forms = 'a time span (30s, 10m, 1h30m) or a time (2026-05-04T12:30, 2026-05-04T12:30:00Z)';
  throw new TuttiError('USAGE', `--since takes ${forms}, not "${text}"`);
}
