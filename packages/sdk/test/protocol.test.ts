/** The SDK declares its own types and codes, so that it stands alone; here they are held against the protocol's. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ERRORS,
  LIMITS,
  LocalRequest,
  type LocalResult,
  localVerbs,
  type Scope as ScopeOfProtocol,
  type Subtest,
} from '@tutti/protocol';
import { expect, expectTypeOf, test } from 'vitest';
import type { Json, Message, Released, Scope, SubtestStatus, Topology } from '../src/index.ts';
import { newRequest } from '../src/request.ts';
import { IN_RUN_SCOPE } from './scope-spellings.ts';
import { SPELLINGS } from './spellings.ts';

test('every verb of the local socket is spelt in every language, or follows one by itself', () => {
  const said = SPELLINGS.flatMap(({ call, follows = [] }) => [call, ...follows]);
  // What `drive` can ask for has stories of its own, in drive/nodes.test.ts.
  expect(new Set([...said, 'drive'])).toEqual(new Set(Object.keys(localVerbs)));
});

test.each([...SPELLINGS, ...IN_RUN_SCOPE])(
  '$says: the agent accepts the request, with no field too many',
  ({ call, args, answer }) => {
    const verb = localVerbs[call as keyof typeof localVerbs];
    expect(verb.args.parse(args)).toEqual(args);
    expect(verb.result.parse(answer)).toEqual(answer);
    const request: unknown = JSON.parse(newRequest(call, args).line);
    expect(LocalRequest.parse(request)).toEqual(request);
  },
);

test('the types say what the protocol says', () => {
  expectTypeOf<Released>().toEqualTypeOf<LocalResult<'barrier'>>();
  expectTypeOf<Topology>().toEqualTypeOf<LocalResult<'topology'>>();
  expectTypeOf<Json>().toEqualTypeOf<LocalResult<'get'>['value']>();
  expectTypeOf<Message>().toEqualTypeOf<Omit<LocalResult<'take'>, 'found'>>();
  expectTypeOf<Scope>().toEqualTypeOf<ScopeOfProtocol>();
  expectTypeOf<SubtestStatus>().toEqualTypeOf<Subtest['status']>();
});

test('the longest line is what the agent reads', () => {
  const room = LIMITS.localLine.value - newRequest('set', { key: 'k', value: '' }).line.length;
  expect(newRequest('set', { key: 'k', value: 'x'.repeat(room) }).line).toHaveLength(LIMITS.localLine.value);
  expect(() => newRequest('set', { key: 'k', value: 'x'.repeat(room + 1) })).toThrow(/1 MiB/);
});

test('every code that the SDK itself gives is in the table of errors', () => {
  const sdk = join(import.meta.dirname, '..');
  const sources = globSync(['src/**/*.ts', 'python/tutti/*.py'], { cwd: sdk }).map((file) =>
    readFileSync(join(sdk, file), 'utf8'),
  );
  const given = sources.flatMap((text) =>
    [...text.matchAll(/(?:Error|TimedOut|fail|Index)\(\s*'([A-Z_]+)'/g)].map(([, code]) => code),
  );
  expect(given.length).toBeGreaterThan(10);
  expect(given.filter((code) => !Object.hasOwn(ERRORS, code ?? ''))).toEqual([]);
});
