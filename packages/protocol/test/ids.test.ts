import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Digest, Id, Identifier, MemberName, NodeName, RequestId, SyncName } from '../src/index.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/),
  fc.stringMatching(/^[a-z][a-z0-9_]{0,8}\.[0-9]{1,3}$/),
  fc.constantFrom('.', '..', 'a/b', 'a\0', 'a\n', '-rf', 'é'),
);

describe.each([
  ['Id', Id],
  ['Digest', Digest],
  ['Identifier', Identifier],
  ['NodeName', NodeName],
  ['MemberName', MemberName],
])('%s', (_name, schema) => {
  test('accepts only what is safe as one component of a path', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        if (!schema.safeParse(text).success) return;
        expect(text).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
        expect(text.length).toBeLessThan(200);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['', '.', '..', '/', 'a/b', 'a\0b', 'a\n', '-rf', ' a', 'x'.repeat(300), `${'x'.repeat(300)}.0`])(
    'refuses %j',
    (text) => {
      expect(schema.safeParse(text).success).toBe(false);
    },
  );
});

test.each<[string, typeof Id, string[], string[]]>([
  [
    'an id is 32 lower-case hex digits',
    Id,
    ['0'.repeat(32)],
    ['0'.repeat(31), 'A'.repeat(32), `${'0'.repeat(32)}\n`],
  ],
  ['a digest is 64 of them', Digest, ['f'.repeat(64)], ['f'.repeat(32), 'g'.repeat(64)]],
  [
    'a role is a lower-case word',
    Identifier,
    ['a', 'a_1', 'x'.repeat(128)],
    ['1a', 'A', '_a', 'a-b', 'x'.repeat(129)],
  ],
  [
    'a node is named as hosts are',
    NodeName,
    ['n1', 'stp1-003.lab', '1', 'A_b'],
    ['-n', '.n', 'a b', 'x'.repeat(129)],
  ],
  [
    'a member is role and index',
    MemberName,
    ['client.0', 'a_b.12'],
    ['client', 'client.', '.0', 'client.x', 'a.0.1'],
  ],
  [
    'a request id is printable ASCII',
    RequestId,
    ['12345678', 'a/b+c==!'],
    ['1234567', 'a b c d e', 'é'.repeat(9), 'x'.repeat(129)],
  ],
  [
    'a key is any text in one line',
    SyncName,
    ['a', '/', 'ü ü', '..', 'x'.repeat(128)],
    ['', 'a\n', '\0', 'a\u007f', 'x'.repeat(129)],
  ],
])('%s', (_what, schema, good, bad) => {
  expect(good.filter((text) => !schema.safeParse(text).success)).toEqual([]);
  expect(bad.filter((text) => schema.safeParse(text).success)).toEqual([]);
});
