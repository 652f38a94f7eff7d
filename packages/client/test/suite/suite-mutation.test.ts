/** No text, however broken, makes loading do anything but give a run or say where the mistake is. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunSpec, TuttiError } from '@tutti/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadSuite } from '../../src/suite/index.ts';
import { options, SCRIPT, suiteFolder } from './suite-folder.ts';

const VALID = `suite: netperf
params: { seconds: 10, mode: "fast" }
env: { LANG: C }
timeout: 2m
setup: { all: { run: ./a.sh, timeout: 1m }, server: ./b.sh }
tags: [net]
roles:
  server: { run: ./a.sh, count: 2, env: { PORT: 5201 }, where: cpus >= 2 }
  client: &c
    run: ./b.sh
    params: { window: 64k }
    essential: true
tests:
  - name: throughput
    linger: 500ms
    matrix: { streams: [1, 4], mode: [a, "b"] }
    skip: { when: '"rdma" in node.server.labels', reason: none }
    roles:
      server: |
        tutti barrier ready
      client: *c
      late: { run: ./a.sh, start: after server, parse: tap }
  - name: failover
    grace: 5
`;

const PIECES = [
  '',
  ' ',
  '\n',
  '\t',
  ':',
  '- ',
  '{',
  '}',
  '[',
  ']',
  '&c ',
  '*c',
  '? ',
  '!',
  '!!set',
  '|',
  '>',
  '"',
  "'",
  '#',
  '---\n',
  '...',
  '<<: ',
  '~',
  'null',
  '.nan',
  '.inf',
  '-1',
  '0',
  '1e999',
  '0x',
  'true',
  '\0',
  '\u0007',
  '\ud800',
  '"\\uD800"',
  '\ufeff',
  '\r\n',
  '__proto__',
  'constructor',
  'toString: 1',
  'tests:',
  'roles:',
  'run:',
  './',
  '../x',
  '/x',
  './a.sh/',
  'matrix: 1',
  'include: [suite.yaml]\n',
  'skip: x\n',
  'after late',
  '&& ',
  '(',
  '%YAML 1.1\n---\n',
  '💥',
];

const cut = fc.record({
  at: fc.nat(VALID.length),
  length: fc.nat(6),
  piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 6 })),
});

function mutated(cuts: readonly { at: number; length: number; piece: string }[]): string {
  return cuts.reduce(
    (text, { at, length, piece }) => text.slice(0, at) + piece + text.slice(at + length),
    VALID,
  );
}

test('any mutation of a valid suite file gives a valid run or a mistake with a position', {
  timeout: 60_000,
}, async () => {
  const folder = await suiteFolder({ 'a.sh': SCRIPT, 'b.sh': SCRIPT });
  let runs = 0;
  let refusals = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 3 }), async (cuts) => {
      await writeFile(join(folder, 'suite.yaml'), mutated(cuts));
      try {
        RunSpec.parse((await loadSuite('suite.yaml', options(folder))).spec);
        runs += 1;
      } catch (thrown) {
        if (!(thrown instanceof TuttiError)) throw thrown;
        refusals += 1;
        const problems = thrown.details?.['problems'] as { line: number; column: number }[];
        expect(problems.length).toBeGreaterThan(0);
        for (const { line, column } of problems) expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
      }
    }),
    { numRuns: 1500 },
  );
  // Otherwise the mutations are too gentle or too rough to prove anything.
  expect(runs).toBeGreaterThan(50);
  expect(refusals).toBeGreaterThan(500);
});
