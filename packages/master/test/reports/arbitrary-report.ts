/** Reports with every text a script, a suite or a machine could put into them. */
import { LIMITS, PAUSE_ENDS, type Report, ReportSubtest, type ReportTest, STATUSES } from '@tutti/protocol';
import fc from 'fast-check';
import { summarise } from '../../src/reports/summary.ts';

const MISLEADING = [
  '',
  ' ',
  'no',
  'yes',
  'on',
  'off',
  'y',
  'n',
  'true',
  'null',
  '~',
  '1e3',
  '0x1f',
  '017',
  '0o17',
  '1_000',
  '1:30',
  '12:30:45',
  '.5',
  '.inf',
  '.nan',
  '-0',
  '+1',
  ': ',
  'a: b',
  '#',
  ' # no comment',
  '- a',
  '? a',
  '| a',
  '> a',
  '%TAG',
  '---',
  '--- a',
  '...',
  '...\n',
  '---\n',
  '{',
  '}',
  '[a, b]',
  ',',
  '&a',
  '*a',
  '!a',
  '@a',
  '`a',
  '"',
  "'",
  '\\',
  '\t',
  ' lead',
  'trail ',
  '\n',
  '\n\n',
  'a\n',
  'a\n\n',
  '\na',
  ' a\nb',
  'a \nb',
  'a\n b',
  'a\n\tb',
  'a\r\nb',
  '\r',
  'a\r',
  '<<',
  '=',
  '2026-11-21',
  '2026-11-21T10:00:00Z',
  '\u0000',
  '\u001b[31m',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\ufeffa',
  '\ufffe',
  '\uffff',
  '\ud800',
  'a\udc00b',
  '\ud83d\ude00',
  ']]>',
  '<a href="b">&amp;</a>',
  '&#0;',
  '--',
  '__proto__',
]; // prettier-ignore

export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...MISLEADING),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
    .map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom(...MISLEADING, 'word', 'x'.repeat(90)), { maxLength: 6 })
    .map((parts) => parts.join(' ')),
  fc.array(fc.constantFrom(...MISLEADING, 'word'), { maxLength: 6 }).map((parts) => parts.join('\n')),
);

/** Facts are as long as names at most. */
const anyFact = anyText.map((text) => text.slice(0, LIMITS.name.value));

const anyStatus = fc.constantFrom(...STATUSES, 'RUNNING' as const);
/** Already rounded as the report rounds. */
const anySeconds = fc.integer({ min: 0, max: 10_000_000 }).map((ms) => ms / 1000);
const anyCount = fc.nat({ max: 1000 });
const anyIdentifier = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/),
  fc.constantFrom('no', 'n', 'y', 'null', 'true', 'constructor'),
);
const anyMember = fc.tuple(anyIdentifier, anyCount).map(([role, index]) => `${role}.${index}`);
const anyNode = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,8}$/),
  fc.constantFrom('1e3', '0x10', 'no', '1.5'),
);
const anyFinite = fc.double({ noNaN: true, noDefaultInfinity: true });

const anyTest: fc.Arbitrary<ReportTest> = fc.record(
  {
    name: anyText,
    status: anyStatus,
    flaky: fc.boolean(),
    started: anySeconds,
    duration: anySeconds,
    tags: fc.array(anyText, { maxLength: 2 }),
    params: fc.dictionary(anyIdentifier, fc.oneof(anyText, anyFinite, fc.boolean()), {
      noNullPrototype: true,
      maxKeys: 3,
    }),
    cause: anyText,
    attempts: fc.array(
      fc.record(
        {
          n: anyCount,
          status: anyStatus,
          cause: anyText,
          members: fc.array(
            fc.record(
              {
                member: anyMember,
                role: anyIdentifier,
                index: anyCount,
                node: anyNode,
                status: anyStatus,
                exit: anyCount,
                signal: anyText,
                stopped: anyText,
                because_of: anyMember,
                cause: anyText,
                duration: anySeconds,
                dir: anyText,
                essential: fc.boolean(),
                started: anySeconds,
                ended: anySeconds,
                incarnations: fc.array(
                  fc.record(
                    { started: anySeconds, ended: anySeconds },
                    { requiredKeys: ['started'], noNullPrototype: true },
                  ),
                  { maxLength: 2 },
                ),
                skipped: fc.array(fc.record({ path: anyText, why: anyText }), { maxLength: 2 }),
              },
              { requiredKeys: ['member', 'role', 'index', 'node', 'status', 'dir'], noNullPrototype: true },
            ),
            { maxLength: 2 },
          ),
          subtests: fc.array(
            fc.record(
              {
                name: anyText,
                member: anyMember,
                status: fc.constantFrom(...ReportSubtest.shape.status.options),
                measure: anyFinite,
                unit: anyText,
                message: anyText,
                at: anySeconds,
                duration: anySeconds,
              },
              { requiredKeys: ['name', 'member', 'status'], noNullPrototype: true },
            ),
            { maxLength: 2 },
          ),
          barriers: fc.array(
            fc.record(
              {
                name: anyText,
                generation: anyCount,
                size: anyCount,
                skew: anySeconds,
                released: anySeconds,
                arrivals: fc.array(
                  fc.record({ member: anyMember, at: anySeconds }, { noNullPrototype: true }),
                  { maxLength: 2 },
                ),
              },
              { requiredKeys: ['name', 'generation', 'size', 'skew'], noNullPrototype: true },
            ),
            { maxLength: 2 },
          ),
          started: anySeconds,
          duration: anySeconds,
          waits: fc.array(
            fc.record(
              {
                member: anyMember,
                what: anyText,
                from: anySeconds,
                to: anySeconds,
                error: anyText,
                missing: fc.array(anyMember, { maxLength: 2 }),
              },
              { requiredKeys: ['member', 'what', 'from'], noNullPrototype: true },
            ),
            { maxLength: 2 },
          ),
          marks: fc.array(
            fc.record({ member: anyMember, name: anyText, at: anySeconds }, { noNullPrototype: true }),
            { maxLength: 2 },
          ),
          commands: fc.array(
            fc.record(
              {
                member: anyMember,
                number: fc.integer({ min: 1, max: 1000 }),
                name: anyText,
                command: anyText,
                by: anyMember,
                exit: anyCount,
                signal: anyText,
                stopped: anyText,
                cause: anyText,
                started: anySeconds,
                ended: anySeconds,
                duration: anySeconds,
                dir: anyText,
              },
              { requiredKeys: ['member', 'number', 'name', 'command', 'dir'], noNullPrototype: true },
            ),
            { maxLength: 1 },
          ),
          pause: fc.record(
            {
              ...{ cause: anyText, from: anySeconds, to: anySeconds, by: anyText, note: anyText },
              ended: fc.constantFrom(...PAUSE_ENDS),
            },
            { requiredKeys: ['cause', 'from'], noNullPrototype: true },
          ),
          omitted: fc.record(
            {
              ...{ subtests: anyCount, barriers: anyCount, arrivals: anyCount, waits: anyCount },
              ...{ marks: anyCount, commands: anyCount },
            },
            { requiredKeys: [], noNullPrototype: true },
          ),
        },
        { requiredKeys: ['n', 'status', 'members', 'subtests', 'barriers'], noNullPrototype: true },
      ),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['name', 'status', 'params', 'attempts'], noNullPrototype: true },
);

/** Setup or teardown: its attempts would be like those of any test. */
const anyStep: fc.Arbitrary<ReportTest> = fc.record(
  { name: anyText, status: anyStatus, cause: anyText, params: fc.constant({}), attempts: fc.constant([]) },
  { requiredKeys: ['name', 'status', 'params', 'attempts'], noNullPrototype: true },
);

export const anyReport: fc.Arbitrary<Report> = fc
  .record(
    {
      run: fc.integer({ min: 1 }),
      suite: anyText,
      status: anyStatus,
      cause: anyText,
      duration: anySeconds,
      nodes: fc.array(
        fc.record(
          {
            name: anyNode,
            addresses: fc.array(anyFact, { maxLength: 2 }),
            os: anyFact,
            kernel: anyFact,
            arch: anyFact,
            cpus: fc.integer({ min: 1 }),
            memory: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
          },
          { noNullPrototype: true },
        ),
        { maxLength: 2 },
      ),
      setup: anyStep,
      teardown: anyStep,
      tests: fc.array(anyTest, { maxLength: 2 }),
    },
    { requiredKeys: ['run', 'suite', 'status', 'nodes', 'tests'], noNullPrototype: true },
  )
  .map((part) => ({
    tutti: 1,
    id: '6f1c0000000000000000000000000000',
    started: '2026-11-21T10:00:00.123Z',
    summary: summarise(part.tests),
    ...part,
  }));
