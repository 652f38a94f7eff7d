/**
 * What a suite file may say, declared once: validation, positions of mistakes, suggestions and the
 * published JSON Schema (`docs/schema/suite.json`) derive from here.
 *
 * Strict, because people write it: an unknown key is a mistake, not an extension.
 */
import { Identifier } from '@tutti/protocol';
import * as z from 'zod';
import {
  Duration,
  Env,
  Expression,
  Matrix,
  Name,
  Params,
  Path,
  Reason,
  Retries,
  Run,
  Secrets,
  Tags,
  Timeout,
} from './fields.ts';

/** Keys of later versions: the answer to them is not "unknown key". */
export const LATER_KEYS: ReadonlySet<string> = new Set(['user']);

export const RoleFields = z.strictObject({
  run: Run.optional(),
  count: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('how many machines fill the role; default 1'),
  where: Expression.optional().describe('which machines can fill it: a CEL expression over facts and labels'),
  start: z
    .string()
    .regex(/^after [a-z][a-z0-9_]*$/, 'must be "after ROLE"')
    .optional()
    .describe('"after ROLE": starts when all members of that role have said `tutti mark started`'),
  timeout: Timeout.optional().describe('how long its scripts may take; default: as long as the test'),
  params: Params.optional().describe('parameters for this role only'),
  env: Env.optional(),
  essential: z.boolean().optional().describe('false: its verdict does not decide the test'),
  parse: z
    .literal('tap', { error: 'must be tap' })
    .optional()
    .describe('tap: TAP or KTAP on stdout becomes subtests'),
});
export type RoleFields = z.infer<typeof RoleFields>;

const Role = z.union([Run, RoleFields, z.null()], { error: 'must be a script or a mapping with "run"' });
export type Role = z.infer<typeof Role>;

const Roles = z.record(Identifier, Role);

export const SkipFields = z
  .strictObject({ when: Expression.optional(), reason: Reason.optional() })
  .refine(
    ({ when, reason }) => when !== undefined || reason !== undefined,
    'must have "when", "reason" or both',
  );

const Skip = z.union([Expression, SkipFields], {
  error: 'must be an expression, or a mapping with "when" and "reason"',
});
export type Skip = z.infer<typeof Skip>;

export const DriveFields = z.strictObject({
  file: Path.describe('the script: .ts, .js, .py, or any executable of the suite'),
  on: Expression.optional().describe(
    'a role, on whose first machine it runs then; or which machine it wants: a CEL expression over facts and labels',
  ),
});

const Drive = z.union([Path, DriveFields], { error: 'must be a file, or a mapping with "file"' });
export type Drive = z.infer<typeof Drive>;

/** What a test can say, and the suite for all its tests. */
const shared = {
  timeout: Timeout.optional(),
  'max-timeout': Timeout.optional(),
  linger: Duration.optional(),
  grace: Duration.optional(),
  retries: Retries.optional(),
  'retry-errors': Retries.optional(),
  parallel: z.boolean().optional(),
  tags: Tags.optional(),
  secrets: Secrets.optional(),
};

export const TestFields = z.strictObject({
  name: Name.describe('unique in the suite'),
  ...shared,
  expect: z
    .literal('fail', { error: 'must be fail' })
    .optional()
    .describe('fail: FAIL becomes XFAIL, PASS becomes XPASS'),
  skip: Skip.optional().describe(
    'a CEL expression, or when and reason: the test is in the report as SKIP instead of running',
  ),
  drive: Drive.optional().describe(
    'a script that drives the machines of all roles, which then need no script of their own',
  ),
  params: Params.optional(),
  matrix: Matrix.optional(),
  roles: Roles.optional().describe(
    'exactly the roles of this test, each merged over the default role of that name; without it, all default roles',
  ),
});
export type TestFields = z.infer<typeof TestFields>;

export const StepFields = z.strictObject({
  run: Run,
  params: Params.optional(),
  env: Env.optional(),
  timeout: Timeout.optional(),
});

const Step = z.union([Run, StepFields], { error: 'must be a script or a mapping with "run"' });
export type Step = z.infer<typeof Step>;

const Steps = z.union([Run, z.record(Identifier, Step)], {
  error: 'must be a script for all roles, or a mapping of roles (or "all") to scripts',
});
export type Steps = z.infer<typeof Steps>;

export const SuiteFields = z.strictObject({
  suite: Name.optional().describe("default: the file's name"),
  include: z
    .union([Path, z.array(Path).min(1)], { error: 'must be a path or a list of paths' })
    .optional()
    .describe('other suite files, as paths or globs, whose tests come before those of this file'),
  params: Params.optional(),
  env: Env.optional().describe('environment variables of all roles'),
  roles: Roles.optional().describe('defaults for all tests'),
  setup: Steps.optional().describe('runs on every machine before the first test; "all", or by role'),
  teardown: Steps.optional().describe('runs on every machine after the last test, whatever happened'),
  timeout: shared.timeout.describe('how long a test may take; default 10m'),
  'max-timeout': shared['max-timeout'].describe('how long `tutti extend` may let it take; default 24h'),
  'run-timeout': Timeout.optional().describe('how long all tests together may take; default: no limit'),
  linger: shared.linger.describe('how long the others may go on after the first essential FAIL; default 10s'),
  grace: shared.grace.describe(
    'how long a machine may be unreachable before its members are lost; default 30s',
  ),
  retries: shared.retries.describe('how often a test is tried again after FAIL; default 0'),
  'retry-errors': shared['retry-errors'].describe('how often a test is tried again after ERROR; default 0'),
  parallel: shared.parallel.describe('true: tests may run beside each other, on machines of their own'),
  'fail-fast': z.boolean().optional().describe('true: no further test begins after the first that is not ok'),
  tags: Tags.optional(),
  secrets: Secrets.optional(),
  'skip-list': Path.optional().describe('a file with a line "GLOB  # reason" for each test to skip'),
  tests: z.array(TestFields).min(1).optional(),
});
export type SuiteFields = z.infer<typeof SuiteFields>;

export const DEFAULT_SECONDS = { timeout: 600, linger: 10, grace: 30 } as const;
