/** One line of a log as programs get it, as JSON: by `tutti logs --json` and over HTTP. */
import * as z from 'zod';
import { LogName } from './log-frames.ts';
import { RunNumber } from './messages/views.ts';

const LINE_FEED = 10;

export const LogLine = LogName.omit({ n: true, key: true, incarnation: true }).extend({
  /** When it was complete, master time. */
  time: z.iso.datetime(),
  run: RunNumber,
  /** Of the member's machine that rebooted: absent before it did. */
  incarnation: z.number().int().positive().optional(),
  /** Without its line feed. */
  line: z.string(),
  /** The bytes, where they are not UTF-8. */
  base64: z.base64().optional(),
});
export type LogLine = z.infer<typeof LogLine>;

export function logLine(run: number, log: LogName, at: number, bytes: Uint8Array): LogLine {
  const { test, attempt, member, node, source, incarnation } = log;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const line = buffer.toString('utf8');
  const isText = Buffer.from(line).equals(buffer);
  return {
    time: new Date(at).toISOString(),
    run,
    ...{ test, attempt, member, node, source },
    ...(incarnation === 0 ? {} : { incarnation }),
    line,
    // What is no text, as it was.
    ...(isText ? {} : { base64: buffer.toString('base64') }),
  };
}

/** The lines of whole lines, without their line feeds. */
export function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const feed = bytes.indexOf(LINE_FEED, at);
    const end = feed < 0 ? bytes.byteLength : feed;
    lines.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return lines;
}
