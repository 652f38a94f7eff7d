/** How what comes of an input is shown: as people read it, where it is something of Tutti's. */
import { CommandResult, GroupResult, StartedCommand, shortCommand } from '@tutti/client/objects';
import { terminalText } from '../logs/terminal-text.ts';
import type { Palette } from '../progress/palette.ts';
import { aboutOf } from './live-object.ts';

const TEXTS = new WeakMap<object, string>();

/** The value, to be shown as this text. */
export function shownAs<T extends object>(value: T, text: string): T {
  TEXTS.set(value, text);
  return value;
}

/** Undefined for what is shown as any other value. */
export async function textOf(value: unknown, palette: Palette): Promise<string | undefined> {
  if (value instanceof CommandResult) return commandText(value, palette);
  if (value instanceof GroupResult) return groupText(value, palette);
  if (value instanceof StartedCommand) {
    const { number, on, command } = value;
    return `command ${number} on ${on}: ${shortCommand(command)}; .stop() ends it, .ended() waits for it`;
  }
  const text = await aboutOf(value)?.show();
  if (text !== undefined) return text.trimEnd();
  return isObject(value) ? TEXTS.get(value)?.trimEnd() : undefined;
}

/** What it wrote, and how it ended where that is worth a word. */
function commandText(result: CommandResult, palette: Palette): string {
  const lines = [...outputLines(result, palette)];
  if (!result.ok || lines.length === 0) lines.push(palette.dim(ending(result)));
  return lines.join('\n');
}

/** Each line with its machine before it. */
function groupText({ results }: GroupResult, palette: Palette): string {
  const width = Math.max(0, ...results.map(({ on }) => on.length));
  const lines = results.flatMap((result, n) => {
    const all = [...outputLines(result, palette)];
    if (!result.ok || all.length === 0) all.push(palette.dim(ending(result)));
    return all.map((line) => `${palette.nth(n, `${result.on.padEnd(width)} |`)} ${line}`);
  });
  return lines.length === 0 ? 'no machines' : lines.join('\n');
}

function* outputLines(
  { stdoutBytes, stderrBytes, stdoutSize, stderrSize }: CommandResult,
  palette: Palette,
): Generator<string> {
  if (stdoutSize > stdoutBytes.byteLength)
    yield palette.dim(`… the first ${stdoutSize - stdoutBytes.byteLength} bytes are in its log`);
  yield* linesOf(stdoutBytes, palette);
  if (stderrSize > stderrBytes.byteLength)
    yield palette.dim(`… the first ${stderrSize - stderrBytes.byteLength} bytes of stderr are in its log`);
  for (const line of linesOf(stderrBytes, palette)) yield palette.dim(line);
}

function linesOf(bytes: Uint8Array, palette: Palette): string[] {
  const text = Buffer.from(bytes);
  const lines: string[] = [];
  for (let at = 0; at < text.byteLength; ) {
    const feed = text.indexOf(10, at);
    const end = feed < 0 ? text.byteLength : feed;
    lines.push(terminalText(text.subarray(at, end), palette.coloured));
    at = end + 1;
  }
  return lines;
}

function ending({ how, duration, ok }: CommandResult): string {
  return ok ? `done in ${duration.toFixed(1)} s` : `${how} after ${duration.toFixed(1)} s`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}
