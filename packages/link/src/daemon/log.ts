/** A daemon's log on stderr: JSON lines with stable keys for machines, one readable line each on a terminal. */
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export interface LogOptions {
  daemon: string;
  level: string;
  out: { write(text: string): unknown; isTTY?: boolean };
}

const SHOWN = new Set(['level', 'time', 'pid', 'hostname', 'daemon', 'msg']);
const LEVELS: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

export function createLog({ daemon, level, out }: LogOptions): Logger {
  const stream = { write: (line: string) => out.write(out.isTTY ? pretty(line) : line) };
  return pino({ level, base: { daemon }, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}

function pretty(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown> & { level: number; time: string; msg: string };
  const extras = Object.entries(entry)
    .filter(([key]) => !SHOWN.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `${entry.time.slice(11, 23)} ${LEVELS[entry.level] ?? entry.level} ${[entry.msg, ...extras].join('  ')}\n`;
}
