import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkLayers } from '../../scripts/layers.ts';

const fixture = join(import.meta.dirname, '../fixtures/layers');
const { violations } = checkLayers(fixture);

/** Every edge that the layers do not have. */
const FORBIDDEN: Record<string, string[]> = {
  protocol: ['link', 'agent', 'master', 'client', 'sdk', 'cli', 'testkit'],
  link: ['agent', 'master', 'client', 'sdk', 'cli', 'testkit'],
  agent: ['master', 'client', 'sdk', 'cli', 'testkit'],
  master: ['agent', 'client', 'sdk', 'cli', 'testkit'],
  client: ['agent', 'master', 'sdk', 'cli', 'testkit'],
  sdk: ['link', 'agent', 'master', 'client', 'cli', 'testkit'],
  cli: ['link', 'sdk', 'testkit'],
};
const edges = Object.entries(FORBIDDEN).flatMap(([from, tos]) => tos.map((to) => ({ from, to })));

test.for(edges)('$from may not import $to', ({ from, to }) => {
  expect(violations.join('\n')).toContain(`${from} may not import ${to} ("@tutti/${to}")`);
});

test.for(['agent', 'master'])('the command may not load the %s before it is needed', (to) => {
  const file = 'packages/cli/src/eager.ts';
  expect(violations.filter((line) => line.startsWith(file) && line.includes(`import ${to}`))).toEqual([
    `${file}:${to === 'agent' ? 2 : 3}: cli may import ${to} only through import() ("@tutti/${to}")`,
  ]);
});

test('a way around by path, by require or through the built package is seen too', () => {
  const file = 'packages/agent/src/ship/by-path.ts';
  expect(violations.filter((line) => line.startsWith(file))).toEqual([
    `${file}:1: agent may not import master ("../../../master/src/index.ts")`,
    `${file}:2: agent imports link by path ("../../../link/src/index.ts"): use "@tutti/link"`,
    `${file}:3: agent may not import cli ("../../../cli/src/main.ts")`,
    `${file}:6: agent may not import client ("@tutti/client")`,
    `${file}:7: agent imports the built package "tutti": import from @tutti/sdk`,
  ]);
});

test('a package that has no place among the layers is named', () => {
  expect(violations).toContain(
    'packages/unplaced/src/index.ts:1: package unplaced has no place among the layers: add it to scripts/layers.ts',
  );
});

test('nothing else in the fixture is reported', () => {
  expect(violations).toHaveLength(edges.length + 2 + 5 + 1);
});

test('the gate fails when it reads no file', () => {
  const empty = mkdtempSync(join(tmpdir(), 'tutti-layers-'));
  onTestFinished(() => rmSync(empty, { recursive: true }));
  expect(() => checkLayers(empty)).toThrow('no source files below');
});
