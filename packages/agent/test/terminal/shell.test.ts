import { expect, test } from 'vitest';
import { shellOf } from '../../src/terminal/shell.ts';

test('the shell of the user, as a login shell; for a member with what it is given', async () => {
  expect(await shellOf('/bin/sh', false)).toEqual(['/bin/sh', '-l']);
  expect(await shellOf('/bin/sh', true)).toEqual(['/bin/sh']);
});

test('who is not to log in, and whose shell is not there, gets the plain one', async () => {
  for (const shell of ['/usr/sbin/nologin', '/bin/false', '/opt/no-such-shell'])
    expect(await shellOf(shell, true)).toEqual(['/bin/sh']);
});
