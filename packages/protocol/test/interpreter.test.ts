import { expect, test } from 'vitest';
import { interpreterFor } from '../src/interpreter.ts';

const hashBang = Buffer.from('#!/bin/sh\n');
const elf = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2]);
const text = Buffer.from('import tutti\n');
const nothingAtAll = Buffer.alloc(0);

test.each([
  ['./a.sh', hashBang, true, 'itself'],
  ['./a', Buffer.from('#!/usr/bin/env python3\n'), true, 'itself'],
  ['./a.ts', hashBang, true, 'itself'],
  ['./a', elf, true, 'itself'],
  ['./a.ts', text, false, 'node'],
  ['./a.mts', nothingAtAll, false, 'node'],
  ['./a.js', text, true, 'node'],
  ['./dir.d/a.mjs', text, false, 'node'],
  ['./a.py', text, false, 'python3'],
] as const)('%s (%o, executable: %s) is run by %s', (path, bytes, executable, run) => {
  expect(interpreterFor(path, bytes, executable)).toEqual({ run });
});

const ENDINGS = '.ts .mts .js .mjs .py';
const NO_BIT = (path: string) => `it has no execute bit; chmod +x ${path}`;
const NEITHER = (path: string) =>
  `it has neither a first line "#!…" with an execute bit (chmod +x ${path}) nor one of the endings ${ENDINGS}`;

test.each([
  ['./a.py', Buffer.from('#!/usr/bin/python3\n'), false, NO_BIT('./a.py')],
  ['./a', elf, false, NO_BIT('./a')],
  ['./a', text, true, `it has no first line "#!…", such as "#!/bin/sh", nor one of the endings ${ENDINGS}`],
  ['./a.sh', nothingAtAll, false, NEITHER('./a.sh')],
  ['./py', text, false, NEITHER('./py')],
  ['./.py', text, false, NEITHER('./.py')],
  ['./some.py/file', text, false, NEITHER('./some.py/file')],
  ['./a.cjs', text, false, NEITHER('./a.cjs')],
  [
    './a',
    Buffer.from('#!/bin/sh\r\ntrue\r\n'),
    true,
    'its first line "#!…" ends in CR LF, which Linux takes for a part of the name; save it with LF line ends',
  ],
] as const)('%s (%o, executable: %s) is run by nothing, and it says why', (path, bytes, executable, why) => {
  expect(interpreterFor(path, bytes, executable)).toEqual({ run: 'nothing', why });
});
