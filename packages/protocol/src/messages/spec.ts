/** What is to be run: a run of tests as a client submits it, and one member as an agent gets it. */
import * as z from 'zod';
import { Id, Identifier, MemberName, NodeName, Seconds } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { WebhookUrl } from '../webhook-url.ts';
import { Blob, Manifest, TreePath } from './tree.ts';

const Title = z.string().min(1).max(LIMITS.name.value);

/** A parameter's value: what fits into an environment variable. */
export const ParamValue = z.union([z.string().max(65_536), z.number(), z.boolean()]);
export type ParamValue = z.infer<typeof ParamValue>;

export const Params = z.record(Identifier, ParamValue);
export type Params = z.infer<typeof Params>;

/** Environment variables of `env:`; names as POSIX has them. */
export const Env = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(131_072));
export type Env = z.infer<typeof Env>;

export const Script = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('staged'), path: TreePath }).describe('a file of the suite, relative to work/'),
  z.object({ kind: z.literal('onNode'), path: z.string().startsWith('/') }).describe('a file of the node'),
  z.object({ kind: z.literal('inline'), text: z.string().min(1).max(262_144) }).describe('the text itself'),
  z
    .object({ kind: z.literal('none') })
    .describe('nothing: a driven member, which lives until it is stopped; commands are started on it'),
]);
export type Script = z.infer<typeof Script>;

/** A CEL expression (https://cel.dev): what machines a role wants, or when a test is skipped. */
const Expression = z.string().min(1).max(4096);

export const RoleSpec = z.object({
  name: Identifier,
  count: z.number().int().min(1).max(100_000),
  script: Script,
  params: Params,
  env: Env,
  /** false: the verdict of its members does not decide the test. */
  essential: z.boolean(),
  where: Expression.optional().describe('which machines can fill it, over facts and labels'),
  drives: z.literal(true).optional().describe("its script drives the machines of the test's other members"),
  on: Identifier.optional().describe(
    'of a role with one member: it has no machine of its own, but stands on that of the first member of this role',
  ),
  startAfter: Identifier.optional().describe(
    'starts when all members of that role have said `tutti mark started`',
  ),
  parse: z.enum(['tap']).optional().describe('stdout holds subtests in this form'),
  timeout: Seconds.positive().optional().describe('of its members; default: the test has'),
});
export type RoleSpec = z.infer<typeof RoleSpec>;

/** Somebody acts, and what stands on another role's machine can do so. */
function refuseUnfitRoles(roles: readonly RoleSpec[], context: z.RefinementCtx): void {
  const mistaken = (message: string) => context.addIssue({ code: 'custom', message });
  if (roles.some(({ script }) => script.kind === 'none') && !roles.some(({ drives }) => drives === true))
    mistaken('a role without a script needs a driver');
  for (const { name, on, count } of roles) {
    if (on === undefined) continue;
    const host = roles.find((role) => role.name === on);
    if (host === undefined) mistaken(`there is no role "${on}" on whose machine "${name}" could be`);
    else if (host.on !== undefined) mistaken(`"${name}" cannot be on the machine of "${on}", which has none`);
    if (count !== 1) mistaken(`"${name}" is on one machine, so it has one member`);
  }
}

export const TestSpec = z.object({
  name: Title,
  timeout: Seconds.positive(),
  /** What `tutti extend` can make of it; default 24 h. */
  maxTimeout: Seconds.positive().optional(),
  /** Seconds the rest may go on after the first essential FAIL. */
  linger: Seconds,
  /** Seconds an agent may be away before its members are lost. */
  grace: Seconds,
  params: Params,
  roles: z.array(RoleSpec).min(1).superRefine(refuseUnfitRoles),
  tags: z.array(Title).optional(),
  expect: z.enum(['fail']).optional().describe('FAIL becomes XFAIL, PASS becomes XPASS'),
  retries: z.number().int().min(0).max(1000).optional().describe('further attempts after FAIL; default 0'),
  retryErrors: z
    .number()
    .int()
    .min(0)
    .max(1000)
    .optional()
    .describe('further attempts after ERROR; default 0'),
  skip: z.object({ when: Expression.optional(), reason: z.string().max(4096).optional() }).optional(),
  parallel: z.boolean().optional().describe('may run beside other such tests of its run'),
  secrets: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)).optional(),
});
export type TestSpec = z.infer<typeof TestSpec>;

export const RunSpec = z.object({
  suite: Title,
  tests: z.array(TestSpec).min(1),
  files: Manifest,
  setup: TestSpec.optional().describe(
    'runs before the first test; what it starts lives until teardown has ended',
  ),
  teardown: TestSpec.optional().describe('runs after the last test, whatever happened'),
  failFast: z.boolean().optional().describe('no further test begins after the first that is not ok'),
  timeout: Seconds.positive().optional().describe('of all tests together'),
  joined: z
    .literal(true)
    .optional()
    .describe('its pieces are started by others, by `tutti join`, on machines brought for it alone'),
  notify: z
    .array(WebhookUrl)
    .max(8)
    .optional()
    .describe('told when the run starts, first fails, is paused, finishes'),
  pauseOnFailure: Seconds.positive()
    .max(LIMITS.pauseSeconds.value)
    .optional()
    .describe('a test that fails stands still before anything of it is stopped, so long at most'),
});
export type RunSpec = z.infer<typeof RunSpec>;

/** One participant as `TUTTI_TOPOLOGY` shows it to scripts. */
export const TopologyMember = z.object({
  member: MemberName,
  role: Identifier,
  index: z.number().int().nonnegative(),
  node: NodeName,
  addresses: z.array(z.string()),
  params: Params,
});
export type TopologyMember = z.infer<typeof TopologyMember>;

export const Topology = z.array(TopologyMember).min(1);

/** Everything an agent needs to know about one member; it becomes `spec.json` in the member directory. */
export const MemberSpec = z.object({
  member: Id,
  master: Id,
  run: z.object({ number: z.number().int().positive(), id: Id }),
  suite: Title,
  test: Title,
  attempt: z.object({ number: z.number().int().positive(), id: Id }),
  name: MemberName,
  role: Identifier,
  index: z.number().int().nonnegative(),
  node: NodeName,
  script: Script,
  /** Its script may drive the other members' machines. */
  drives: z.literal(true).optional(),
  params: Params,
  env: Env,
  /** Environment variables that are masked in its logs. */
  secrets: Env.optional(),
  /** Seconds from its start until the agent stops it. */
  timeout: Seconds.positive(),
  /** What its script leaves running lives until the member is forgotten. */
  outlives: z.boolean().optional(),
  topology: Topology,
  files: Manifest,
});
export type MemberSpec = z.infer<typeof MemberSpec>;

/**
 * A member spec as it travels: what grows with the suite or the number of members is staged like any file,
 * as JSON by digest, so that it is sent once per machine and has no limit of a frame.
 */
export const MemberOrder = MemberSpec.extend({ topology: Blob, files: Blob });
export type MemberOrder = z.infer<typeof MemberOrder>;

const Fact = z.string().max(LIMITS.name.value);

/** What an agent finds out about its machine. */
export const Facts = z.object({
  addresses: z.array(Fact).max(64),
  os: Fact,
  kernel: Fact,
  arch: Fact,
  cpus: z.number().int().positive(),
  memory: z.number().int().positive().describe('bytes'),
});
export type Facts = z.infer<typeof Facts>;

export const LabelName = z.string().min(1).max(LIMITS.name.value);

export const Labels = z
  .record(LabelName, z.string().max(LIMITS.name.value))
  .refine(
    (labels) => Object.keys(labels).length <= LIMITS.labels.value,
    `at most ${LIMITS.labels.value} labels`,
  );
export type Labels = z.infer<typeof Labels>;
