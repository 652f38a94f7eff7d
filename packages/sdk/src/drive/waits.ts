/** Waiting on a machine: for a port, a file, a line of a log, a unit. The agent there waits; nobody asks again and again. */
import { TuttiError } from '../errors.ts';
import { ask, type Place, shown } from './call.ts';
import { secondsFor, type WaitOptions } from './wait.ts';

export interface PortOptions extends WaitOptions {
  /** Seen from that machine. Default: `localhost`. */
  host?: string | undefined;
}

interface Waited {
  line?: string;
  waited: number;
}

async function waitFor(
  place: Place,
  what: string,
  awaited: Record<string, unknown>,
  options: WaitOptions,
): Promise<Waited> {
  const timeout = secondsFor(options.timeout);
  const title = `wait for ${what} on ${shown(place)}`;
  const bounds = { timeout, signal: options.signal, title };
  return (await ask(place, 'wait', { for: awaited, timeout }, bounds)) as Waited;
}

export async function forPort(place: Place, port: number, options: PortOptions): Promise<void> {
  const { host } = options;
  const what = host === undefined ? `port ${port}` : `${host}:${port}`;
  await waitFor(place, what, { is: 'port', port, host }, options);
}

export async function forFile(place: Place, path: string, options: WaitOptions): Promise<void> {
  await waitFor(place, `the file ${path}`, { is: 'file', path }, options);
}

export async function forUnit(place: Place, unit: string, options: WaitOptions): Promise<void> {
  await waitFor(place, `the unit ${unit}`, { is: 'unit', unit }, options);
}

/** A file's log from its beginning, or both outputs of a command. */
export async function forLog(
  place: Place,
  source: string | { command: string; shown: string },
  pattern: string | RegExp,
  options: WaitOptions,
): Promise<string> {
  const [where, name] =
    typeof source === 'string' ? [{ path: source }, source] : [{ command: source.command }, source.shown];
  const what = `${typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern)} in ${name}`;
  const awaited = { is: 'log', ...where, pattern: sourceOf(pattern) };
  return (await waitFor(place, what, awaited, options)).line ?? '';
}

/** As one pattern without flags, which is what travels. A text means itself. */
function sourceOf(pattern: string | RegExp): string {
  // Only what must be: the pattern is shown where it was not found.
  if (typeof pattern === 'string') return pattern.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  const flags = pattern.flags.replace(/[dg]/g, '');
  if (flags === '') return pattern.source;
  if (/^[ims]+$/.test(flags)) return `(?${flags}:${pattern.source})`;
  throw new TuttiError('BAD_PARAMS', `${String(pattern)}: of the flags only i, m and s can be used here`);
}
