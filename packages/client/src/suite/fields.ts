/** The values that keys of a suite file take, each with the sentence that a wrong one is answered by. */
import { Identifier, LIMITS } from '@tutti/protocol';
import * as z from 'zod';
import { DURATION_FORM, DURATION_PATTERN, LONGEST_SECONDS, parseDuration } from './duration.ts';

const durationHelp = `must be a duration (${DURATION_FORM})`;

export const Duration = z.union(
  [
    z.number().min(0).max(LONGEST_SECONDS, 'must be at most 24 days'),
    z
      .string()
      .regex(DURATION_PATTERN, durationHelp)
      .refine((text) => (parseDuration(text) ?? 0) <= LONGEST_SECONDS, 'must be at most 24 days'),
  ],
  { error: durationHelp },
);

export const Timeout = Duration.refine((value) => parseDuration(value) !== 0, 'must be longer than 0');

export const Name = z
  .string()
  .min(1)
  .max(LIMITS.name.value)
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not contain control characters');

/** What an environment variable cannot hold, nor a script. */
const NO_NUL = /^[^\u0000]*$/;

const text = (longest: number) => z.string().max(longest).regex(NO_NUL, 'must not contain NUL');

const scalar = (longest: number) =>
  z.union([text(longest), z.number(), z.boolean()], { error: 'must be text, a number, true or false' });

const Value = scalar(65_536);

export const Params = z
  .record(Identifier, Value)
  .describe('parameters; scripts find each as TUTTI_PARAM_<NAME>');

export const Matrix = z
  .record(Identifier, z.array(Value).min(1))
  .refine((axes) => Object.keys(axes).length > 0, 'must name a parameter and its values')
  .describe('parameters with a list of values each: one test for every combination');
export type Matrix = z.infer<typeof Matrix>;

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const VariableName = z.string().regex(VARIABLE, 'use letters, digits and _, not beginning with a digit');

export const Env = z.record(VariableName, scalar(131_072)).describe('environment variables');

export const Run = z
  .string()
  .max(262_144)
  .regex(/\S/, 'must not be empty')
  .regex(NO_NUL, 'must not contain NUL')
  .describe(
    'one word beginning with ./ or / is a file (of the suite, of the node); everything else is an inline script, run by sh -e or by what its first line #!… names',
  );

/** A CEL expression. Whether it is one, and speaks of things that exist, is asked in `expressions.ts`. */
export const Expression = z.string().max(4096).regex(/\S/, 'must not be empty');

export const Tags = z
  .array(
    z
      .string()
      .max(LIMITS.name.value)
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9_.:/-]*$/,
        'must have letters, digits and _ . : / - only, a letter or digit first',
      ),
  )
  .describe('words to choose tests by: --tag WORD, --tag !WORD');

export const Retries = z.number().int().min(0).max(1000);

export const Secrets = z
  .array(z.string().regex(VARIABLE, 'must have letters, digits and _ only, no digit first'))
  .describe('secrets of the master that the scripts find as environment variables');

export const Reason = text(4096).regex(/\S/, 'must not be empty');

/** A file beside the suite, by its path from there. */
export const Path = text(4096).regex(/\S/, 'must not be empty');
