/** What one verb of the shell command is made of. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { TuttiError } from '../errors.ts';

export interface Given {
  readonly words: readonly string[];
  readonly flag: (name: string) => boolean;
  readonly text: (name: string) => string | undefined;
}

export interface Outcome {
  /** One line, or several, for stdout; the newline at the end is added. */
  stdout?: string;
  /** For the rare verb that fails without an error. */
  status?: number;
  stderr?: string;
}

export interface ShellVerb {
  /** How it is written: `get KEY [--wait]`. */
  usage: string;
  about: string;
  /** What `--help` says of each option, with its placeholder: `['--timeout D', 'at most so long']`. */
  options: Record<string, { type: 'string' | 'boolean'; value?: string; about: string }>;
  /** The least and the greatest number of words after the verb. */
  words: readonly [number, number];
  readonly run: (given: Given) => Promise<Outcome>;
}

/** Of every verb that members share something by. */
export const SCOPE: ShellVerb['options'] = {
  scope: {
    type: 'string',
    value: 'S',
    about: 'run: with the members of all tests of the run (default: attempt)',
  },
};

/** A mistake on the command line; nothing has been sent. */
export function usageError(message: string): TuttiError {
  return new TuttiError('USAGE', message);
}

/** The options as node:util's parseArgs wants them. */
export function parserOptions({ options }: ShellVerb): ParseArgsOptionsConfig {
  const entries = Object.entries(options).map(([name, { type }]) => [name, { type }] as const);
  return { ...Object.fromEntries(entries), help: { type: 'boolean', short: 'h' } };
}
