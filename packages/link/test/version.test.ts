import { PROTOCOL } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { checkVersion } from '../src/version.ts';

const { major, minor } = PROTOCOL;

test('the same major is accepted, whatever the minor', () => {
  for (const other of [0, minor, minor + 1, minor + 1000]) {
    expect(() => checkVersion({ major, minor: other }, 'agent n1')).not.toThrow();
  }
});

test('a peer of an older major is refused, and told that it is the one to upgrade', () => {
  expect(() => checkVersion({ major: major - 1, minor: 7 }, 'agent n1')).toThrow(
    expect.objectContaining({
      code: 'PROTOCOL_MISMATCH',
      message: `agent n1 speaks protocol ${major - 1}.7, this master ${major}.${minor}: upgrade agent n1 (this master is newer)`,
    }),
  );
});

test('a peer of a newer major is refused, and told that the master is the one to upgrade', () => {
  expect(() => checkVersion({ major: major + 1, minor: 0 }, 'the client')).toThrow(
    expect.objectContaining({
      code: 'PROTOCOL_MISMATCH',
      message: `the client speaks protocol ${major + 1}.0, this master ${major}.${minor}: upgrade this master (the client is newer)`,
    }),
  );
});
