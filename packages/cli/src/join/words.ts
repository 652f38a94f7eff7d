/** What is said between `tutti join` and the agents it starts: lines on their pipes, each a word and JSON. */
import { MemberEnd } from '@tutti/protocol';
import * as z from 'zod';

const Said = z.discriminatedUnion('is', [
  z
    .object({ is: z.literal('start'), stdout: z.string(), stderr: z.string() })
    .describe('its output is there'),
  z.object({ is: z.literal('end'), end: MemberEnd }).describe('its member has ended'),
  z.object({ is: z.literal('shipped') }).describe('the master has all of its member'),
  z.object({ is: z.literal('idle') }).describe('nothing runs here any more: the answer to `STOP`'),
]);
export type Said = z.infer<typeof Said>;

/** To an agent: end what runs, and tell the master. */
export const STOP = 'stop';

const WORD = 'member ';

/** With its line feed. */
export function lineOf(said: Said): string {
  return `${WORD}${JSON.stringify(said)}\n`;
}

/** Undefined for a line that is none of these. */
export function parseLine(line: string): Said | undefined {
  return line.startsWith(WORD) ? Said.parse(JSON.parse(line.slice(WORD.length))) : undefined;
}
