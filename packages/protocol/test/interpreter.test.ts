import { expect, test } from 'vitest';
import { interpreterFor } from '../src/interpreter.ts';

const hashBang = Buffer.from('#!/bin/sh');
const elf = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const text = Buffer.from('cons');

test.each([
  ['a.sh', hashBang, true, 'itself'],
  ['a.ts', hashBang, true, 'itself'],
  ['a', elf, true, 'itself'],
  ['a.ts', text, false, 'node'],
  ['a.mts', text, false, 'node'],
  ['a.js', text, true, 'node'],
  ['dir.d/a.mjs', text, false, 'node'],
  ['a.py', text, false, 'python3'],
  ['a.py', hashBang, false, 'python3'],
  ['a.js', Buffer.alloc(0), false, 'node'],
] as const)('%s (%o, executable: %s) is run by %s', (path, bytes, executable, run) => {
  expect(interpreterFor(path, bytes, executable)).toEqual({ run });
});

test.each([
  ['a.sh', hashBang, false, /lacks execute permission: chmod \+x/],
  ['a', elf, false, /without execute permission/],
  ['a.js', elf, false, /without execute permission/],
  ['a.sh', text, true, /begin it with "#!/],
  ['a.sh', text, false, /not executable/],
  ['py', text, false, /not executable/],
  ['some.py/file', text, false, /not executable/],
  ['a.cjs', text, false, /not executable/],
  ['a.sh', Buffer.alloc(0), true, /empty/],
] as const)('%s (%o, executable: %s) is run by nothing, and it says why', (path, bytes, executable, why) => {
  expect(interpreterFor(path, bytes, executable)).toEqual({
    run: 'nothing',
    why: expect.stringMatching(why) as string,
  });
});
