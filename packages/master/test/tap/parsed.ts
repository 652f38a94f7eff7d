import { TapParser } from '../../src/tap/tap-parser.ts';

/** A whole output: its subtests as `status name: message`, and what it means for its member. */
export function parsed(
  text: string,
  complete = true,
): { subtests: string[]; failure?: string; skipped?: string } {
  const parser = new TapParser();
  parser.push(Buffer.from(text));
  return { ...parser.finish(complete), subtests: lines(parser) };
}

export function lines(parser: TapParser): string[] {
  return parser.subtests.map(
    ({ status, name, message }) => `${status} ${name}${message === undefined ? '' : `: ${message}`}`,
  );
}
