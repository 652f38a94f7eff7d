/**
 * What a suite file may say, declared once: validation, positions of mistakes, suggestions and the
 * published JSON Schema (`docs/schema/suite.json`) derive from here.
 *
 * Strict, because people write it: an unknown key is a mistake, not an extension.
 */
import { Identifier, LIMITS } from '@tutti/protocol';
import { z } from 'zod';
import { DURATION_FORM, DURATION_PATTERN, LONGEST_SECONDS, parseDuration } from './duration.ts';

/** Keys of later versions: the answer to them is not "unknown key". */
export const LATER_KEYS: ReadonlySet<string> = new Set([
  'matrix',
  'setup',
  'teardown',
  'expect',
  'retries',
  'retry-errors',
  'skip',
  'where',
  'drive',
  'tags',
  'include',
  'parse',
  'start',
  'fail-fast',
  'user',
  'secrets',
]);

const durationHelp = `must be a duration (${DURATION_FORM})`;

const Duration = z.union(
  [
    z.number().min(0).max(LONGEST_SECONDS, 'must be at most 24 days'),
    z
      .string()
      .regex(DURATION_PATTERN, durationHelp)
      .refine((text) => (parseDuration(text) ?? 0) <= LONGEST_SECONDS, 'must be at most 24 days'),
  ],
  { error: durationHelp },
);

const Timeout = Duration.refine((value) => parseDuration(value) !== 0, 'must be longer than 0');

const Name = z
  .string()
  .min(1)
  .max(LIMITS.name.value)
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not contain control characters');

/** What an environment variable cannot hold, nor a script. */
const NO_NUL = /^[^\u0000]*$/;

const scalar = (longest: number) =>
  z.union([z.string().max(longest).regex(NO_NUL, 'must not contain NUL'), z.number(), z.boolean()], {
    error: 'must be text, a number, true or false',
  });

const Params = z
  .record(Identifier, scalar(65_536))
  .describe('parameters; scripts find each as TUTTI_PARAM_<NAME>');

const Env = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'use letters, digits and _, not beginning with a digit'),
    scalar(131_072),
  )
  .describe('environment variables');

const Run = z
  .string()
  .max(262_144)
  .regex(/\S/, 'must not be empty')
  .regex(NO_NUL, 'must not contain NUL')
  .describe(
    'one word beginning with ./ or / is a file (of the suite, of the node); everything else is an inline script, run by sh -e or by what its first line #!… names',
  );

export const RoleFields = z.strictObject({
  run: Run.optional(),
  count: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('how many machines fill the role; default 1'),
  params: Params.optional().describe('parameters for this role only'),
  env: Env.optional(),
  essential: z.boolean().optional().describe('false: its verdict does not decide the test'),
});
export type RoleFields = z.infer<typeof RoleFields>;

const Role = z.union([Run, RoleFields, z.null()], { error: 'must be a script or a mapping with "run"' });
export type Role = z.infer<typeof Role>;

const Roles = z.record(Identifier, Role);

export const TestFields = z.strictObject({
  name: Name.describe('unique in the suite'),
  timeout: Timeout.optional(),
  'max-timeout': Timeout.optional(),
  linger: Duration.optional(),
  grace: Duration.optional(),
  params: Params.optional(),
  roles: Roles.optional().describe(
    'exactly the roles of this test, each merged over the default role of that name; without it, all default roles',
  ),
});
export type TestFields = z.infer<typeof TestFields>;

export const SuiteFields = z.strictObject({
  suite: Name.optional().describe("default: the file's name"),
  params: Params.optional(),
  env: Env.optional().describe('environment variables of all roles'),
  roles: Roles.optional().describe('defaults for all tests'),
  timeout: Timeout.optional().describe('how long a test may take; default 10m'),
  'max-timeout': Timeout.optional().describe('how long `tutti extend` may let it take; default 24h'),
  linger: Duration.optional().describe(
    'how long the others may go on after the first essential FAIL; default 10s',
  ),
  grace: Duration.optional().describe(
    'how long a machine may be unreachable before its members are lost; default 30s',
  ),
  tests: z.array(TestFields).min(1),
});
export type SuiteFields = z.infer<typeof SuiteFields>;

export const DEFAULT_SECONDS = { timeout: 600, linger: 10, grace: 30 } as const;
