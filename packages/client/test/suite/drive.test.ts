/** `drive:` of a test, in a suite and on the command line; and scripts that Node cannot read. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunSpec } from '@tutti/protocol';
import { rejection } from '@tutti/testkit';
import { describe, expect, test, vi } from 'vitest';
import { loadSuite, planSuite, suiteFromRoles } from '../../src/suite/index.ts';
import { nodesNeeded } from '../../src/suite/nodes-needed.ts';
import { syntaxTrouble } from '../../src/suite/script-syntax.ts';
import { options, suiteFolder } from './suite-folder.ts';

const STORY = { 'story.ts': 'const answer: number = 42;\nconsole.log(answer);\n' };

async function planned(suite: string, files: Record<string, string> = STORY) {
  const folder = await suiteFolder({ 'suite.yaml': suite, ...files });
  return planSuite('suite.yaml', options(folder));
}

async function complaint(suite: string, files: Record<string, string> = STORY): Promise<string> {
  return messageOf(planned(suite, files));
}

async function messageOf(refused: Promise<unknown>): Promise<string> {
  return ((await rejection(refused)) as Error).message;
}

describe('a test with a driver', () => {
  test('has a role for it, and roles that need no script', async () => {
    const { run } = await planned(
      'params: { size: 1 }\ntests: [{ name: x, drive: story.ts, roles: { db: { count: 2 }, client: ls } }]\n',
    );
    expect(run.tests[0]?.roles).toMatchObject([
      { name: 'db', count: 2, script: { kind: 'none' } },
      { name: 'client', script: { kind: 'inline' } },
      {
        name: 'driver',
        count: 1,
        drives: true,
        essential: true,
        script: { kind: 'staged', path: 'story.ts' },
      },
    ]);
    expect(nodesNeeded(run)).toBe(4);
    expect(run.tests[0]?.roles[2]).not.toHaveProperty('on');
  });

  test('has it on the machine of a role, or on one that a selector wants', async () => {
    const on = async (place: string) => {
      const { run } = await planned(
        `tests: [{ name: x, drive: { file: ./story.ts, on: ${place} }, roles: { db: } }]\n`,
      );
      return { driver: run.tests[0]?.roles[1], nodes: nodesNeeded(run) };
    };
    expect(await on('db')).toMatchObject({ driver: { on: 'db' }, nodes: 1 });
    expect(await on("'cpus > 2'")).toMatchObject({ driver: { where: 'cpus > 2' }, nodes: 2 });
  });

  test('is one that a master takes, with the setup of its machines', async () => {
    const folder = await suiteFolder({
      'suite.yaml': 'setup: ls\ntests: [{ name: x, drive: { file: story.ts, on: db }, roles: { db: } }]\n',
      ...STORY,
    });
    const { spec } = await loadSuite('suite.yaml', options(folder));
    expect(RunSpec.parse(spec).tests[0]?.roles.map(({ name }) => name)).toEqual(['db', 'driver']);
    expect(spec.setup?.roles.map(({ name }) => name)).toEqual(['db']);
  });

  test('may be skipped by what its driver has', async () => {
    await expect(
      planned(`tests: [{ name: x, drive: story.ts, skip: '"slow" in node.driver.labels' }]\n`),
    ).resolves.toBeDefined();
  });

  test('is refused where it cannot be so, and the place is named', async () => {
    expect(await complaint('tests: [{ name: x, drive: story.ts, roles: { driver: ls } }]\n')).toMatch(
      /no role of it can be called "driver"[\s\S]*rename the role/,
    );
    expect(
      await complaint('tests: [{ name: x, drive: { file: story.ts, on: serber }, roles: { server: } }]\n'),
    ).toMatchInlineSnapshot(`
      "suite.yaml:1:49: test "x" has no role "serber" for its driver to be on
          1 | tests: [{ name: x, drive: { file: story.ts, on: serber }, roles: { server: } }]
            |                                                 ^^^^^^
      did you mean "server"?"
    `);
    expect(
      await complaint(`tests: [{ name: x, drive: { file: story.ts, on: 'cpus >' }, roles: { db: } }]\n`),
    ).toMatch(/^suite\.yaml:1:\d+: "on": /);
    expect(await complaint('tests: [{ name: x, drive: { fiel: story.ts }, roles: { db: } }]\n')).toMatch(
      /unknown key "fiel" in "drive" of test "x"[\s\S]*did you mean "file"\?/,
    );
    expect(await complaint('tests: [{ name: x, drive: stroy.ts, roles: { db: } }]\n')).toMatch(
      /stroy\.ts does not exist[\s\S]*did you mean "\.\/story\.ts"\?/,
    );
    expect(await complaint('tests: [{ name: x, drive: ../story.ts, roles: { db: } }]\n')).toMatch(
      /outside the suite's folder/,
    );
    expect(
      await complaint('tests: [{ name: x, drive: story.ts, roles: { a: ls, db: { start: after a } } }]\n'),
    ).toMatch(/role "db" of test "x" has no script that could start after another/);
    expect(await complaint('tests: [{ name: x, roles: { db: } }]\n')).toMatch(
      /has nothing to run[\s\S]*or the test a driver: "drive: FILE"/,
    );
  });
});

describe('--drive', () => {
  test('makes a test of roles without scripts', async () => {
    const folder = await suiteFolder(STORY);
    const { spec } = await suiteFromRoles(['db:2', 'client=ls'], { ...options(folder), drive: 'story.ts' });
    expect(spec.suite).toBe('story');
    expect(RunSpec.parse(spec).tests[0]?.roles).toMatchObject([
      { name: 'db', count: 2, script: { kind: 'none' } },
      { name: 'client', script: { kind: 'inline' } },
      { name: 'driver', drives: true, script: { path: 'story.ts' } },
    ]);
    expect(spec.files.map(({ path }) => path)).toContain('story.ts');
  });

  test('is refused with a suite, with a role of its own name, and for a file that is not there', async () => {
    const folder = await suiteFolder({ ...STORY, 'suite.yaml': 'tests: [{ name: x, roles: { a: ls } }]\n' });
    const given = { ...options(folder), drive: 'story.ts' };
    expect(await messageOf(planSuite('suite.yaml', given))).toMatch(/--drive goes with --role/);
    expect(await messageOf(suiteFromRoles(['driver'], given))).toMatch(
      /--role driver: that is what the role of --drive is called/,
    );
    expect(await messageOf(suiteFromRoles(['db'], { ...given, drive: 'nothing.ts' }))).toMatch(
      /^--drive: the script \.\/nothing\.ts does not exist/,
    );
    expect(await messageOf(suiteFromRoles(['db'], options(folder)))).toMatch(/no "="/);
    await writeFile(join(folder, 'bad.ts'), 'enum A { B }\n');
    expect(await messageOf(suiteFromRoles(['db'], { ...given, drive: 'bad.ts' }))).toMatch(
      /^--drive: bad\.ts:1:1: TypeScript enum is not supported/,
    );
  });
});

describe('a script that Node cannot read', () => {
  test('is told with the construct and its place, before any machine is taken', async () => {
    expect(
      await complaint('tests: [{ name: x, drive: lib/story.ts, roles: { db: } }]\n', {
        'lib/story.ts': 'const a = 1;\n  enum Colour { Red }\n',
      }),
    ).toMatchInlineSnapshot(`
      "lib/story.ts:2:3: TypeScript enum is not supported
          2 |   enum Colour { Red }
            |   ^
      Node strips types away and runs the rest: use what is plain JavaScript without them"
    `);
    expect(
      await complaint('tests: [{ name: x, roles: { a: ./a.mjs } }]\n', { 'a.mjs': 'const a = ;\n' }),
    ).toMatch(/^a\.mjs:1:\d+: syntax error: Expression expected/);
  });

  test('is found out whatever is not types alone, and nothing else is', () => {
    const bad = [
      'class A { constructor(private x: number) {} }',
      'namespace N { export const x = 1 }',
      "import x = require('y');",
      'let b = <any>a;',
    ];
    for (const code of bad) expect(syntaxTrouble(`\n\n${code}`), code).toMatchObject({ line: 3 });
    const good = [
      'const a: number = 1;',
      'type A = string;',
      'await 1; export {};',
      'interface B { c?: D }',
      '#!/usr/bin/env node\nlet x = 1 as const;',
      '',
    ];
    for (const code of good) expect(syntaxTrouble(code), code).toBeUndefined();
  });

  test('is looked at without a word on stderr', () => {
    const warn = vi.spyOn(process, 'emitWarning');
    syntaxTrouble('enum A {}');
    expect(warn).not.toHaveBeenCalled();
  });
});
