/**
 * A failure as it stands in a driver's stderr: what failed, where in the driver, why; and as its last line one sentence, which the
 * report quotes as the cause.
 *
 *     failed: "psql -c 'select 1'" on db.1 (n2) exited with status 2 (last line: "no response")
 *         at failover.ts:9:31
 *          9 |   const out = await standby.run("psql -c 'select 1'");
 *         at failover.ts:4:3
 *       its stderr ended with:
 *         psql: no response
 *     failover: "psql -c 'select 1'" on db.1 (n2) exited with status 2 (last line: "no response") (failover.ts:9)
 */
import { CommandFailed, lastLines } from '../command-end.ts';
import { isOfLab } from './classify.ts';
import { type Frame, ownFrames, place, sourceLine } from './frames.ts';
import { inspected, withoutColours } from './inspected.ts';

/** What an agent keeps of a last line. */
const LONGEST_SENTENCE = 200;
const MOST_FRAMES = 8;
const MOST_OF_SEVERAL = 5;
const DEEPEST = 4;

/** All lines; `title` is the test's name, and empty outside of one. */
export function presented(title: string, error: unknown): string {
  const whose = isOfLab(error) ? 'the lab broke' : 'failed';
  const lines = [`${whose}: ${said(error)}`, ...details(error, 0)];
  return [...lines, sentence(title, error)].join('\n');
}

/** In at most 200 characters: what failed, why, and where. */
export function sentence(title: string, error: unknown): string {
  const frame = firstFrame(error);
  const where = frame === undefined ? '' : ` (${place(frame).replace(/:\d+$/, '')})`;
  const begin = title === '' ? '' : `${title}: `;
  const whose = isOfLab(error) ? 'the lab broke: ' : '';
  const [what = ''] = said(error).split('\n', 1);
  const room = LONGEST_SENTENCE - begin.length - whose.length - where.length;
  const short = what.length <= room ? what : `${what.slice(0, Math.max(room - 1, 40))}…`;
  return `${begin}${whose}${short}${where}`;
}

/** Without colours, which a matcher may have put into it. */
function said(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${inspected(error)}`;
  const words = mistake(error) ?? (error.message === '' ? error.name : named(error));
  return withoutColours(words);
}

/** The name says something where it is not that of an assertion or of the SDK. */
function named(error: Error): string {
  const plain = [
    'Error',
    'AssertionError',
    'TuttiError',
    'CommandFailed',
    'AggregateError',
    'InvariantBroken',
    'Skipped',
  ];
  return plain.includes(error.name) ? error.message : `${error.name}: ${error.message}`;
}

/** What Node.js says of a program that it cannot run, in plain words. */
function mistake(error: Error): string | undefined {
  const { code } = error as { code?: unknown };
  const stripOnly = /^TypeScript (.+?) (?:is|are) not supported in strip-only mode/.exec(error.message);
  if (stripOnly !== null)
    return `TypeScript's ${stripOnly[1]} cannot be stripped to JavaScript: a driver's types are removed, not compiled`;
  if (code === 'ERR_INVALID_TYPESCRIPT_SYNTAX') return `syntax error: ${error.message}`;
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
    const [, what, from] = /^Cannot find (.+?)(?: imported from (.+))?$/m.exec(error.message) ?? [];
    const importer = from === undefined ? '' : `, which ${from.replace(`${process.cwd()}/`, '')} imports`;
    return `there is no ${what ?? 'such module'}${importer}: only what is staged with the suite, and 'tutti', can be imported`;
  }
  return error.name === 'SyntaxError' ? `syntax error: ${error.message}` : undefined;
}

function details(error: unknown, depth: number): string[] {
  if (!(error instanceof Error)) return [];
  const lines = [...placeOf(error), ...difference(error), ...wordsOfCommand(error)];
  if (depth >= DEEPEST) return lines;
  if (error instanceof AggregateError) {
    const several = error.errors.slice(0, MOST_OF_SEVERAL);
    for (const one of several) lines.push(`  ${said(one)}`, ...details(one, depth + 1).map(indented));
    const more = error.errors.length - several.length;
    if (more > 0) lines.push(`  … and ${more} more`);
  }
  if (error.cause !== undefined && !isSystemCode(error.cause))
    lines.push(`  caused by: ${said(error.cause)}`, ...details(error.cause, depth + 1).map(indented));
  return lines;
}

const indented = (line: string): string => `  ${line}`;

/** An errno is in the message already. */
function isSystemCode(cause: unknown): boolean {
  return cause instanceof Error && 'syscall' in cause;
}

function placeOf(error: Error): string[] {
  return ownFrames(error.stack ?? '')
    .slice(0, MOST_FRAMES)
    .flatMap((frame, index) => {
      const source = index === 0 ? sourceLine(frame) : undefined;
      const quoted = source === undefined ? [] : [`    ${String(frame.line).padStart(4)} | ${source}`];
      return [`    at ${place(frame)}`, ...quoted];
    });
}

/** What an assertion compared, where its message is too short to say. */
function difference(error: Error): string[] {
  if (!('actual' in error) || !('expected' in error) || error.message.includes('\n')) return [];
  const { actual, expected, showDiff } = error as { actual: unknown; expected: unknown; showDiff?: boolean };
  if (showDiff === false || (actual === undefined && expected === undefined)) return [];
  const show = (value: unknown): string[] =>
    inspected(value, { depth: 6, maxArrayLength: 50, maxStringLength: 2000 })
      .split('\n')
      .map(indented)
      .map(indented);
  return ['  expected:', ...show(expected), '  received:', ...show(actual)];
}

function wordsOfCommand(error: Error): string[] {
  if (!(error instanceof CommandFailed)) return [];
  const { of, lines } = lastLines(error.result);
  return lines.length === 0 ? [] : [`  its ${of} ended with:`, ...lines.map((line) => `    ${line}`)];
}

function firstFrame(error: unknown): Frame | undefined {
  if (!(error instanceof Error)) return undefined;
  const [frame] = ownFrames(error.stack ?? '');
  if (frame !== undefined) return frame;
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  return inner === undefined || inner === error ? undefined : firstFrame(inner);
}
