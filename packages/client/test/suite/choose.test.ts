/** Which tests are in a run: by name, by tag, by skip list, and how often. */
import { describe, expect, test } from 'vitest';
import { loadSuite } from '../../src/suite/index.ts';
import { failure, loadText, options, SCRIPT, suiteFolder } from './suite-folder.ts';

const TEXT = `
roles: { a: ./a.sh }
tests:
  - { name: up, tags: [quick] }
  - { name: tcp, tags: [net, quick], matrix: { streams: [1, 4] } }
  - { name: soak, tags: [net, slow] }
  - { name: bare }
`;

describe('--only, --skip and --tag', () => {
  test.each([
    [{ skip: ['tcp*'] }, ['up', 'soak', 'bare']],
    [{ only: ['*[streams=*'], skip: ['*4]'] }, ['tcp[streams=1]']],
    [{ tags: ['net'] }, ['tcp[streams=1]', 'tcp[streams=4]', 'soak']],
    [{ tags: ['quick', 'slow'] }, ['up', 'tcp[streams=1]', 'tcp[streams=4]', 'soak']],
    [{ tags: ['!slow'] }, ['up', 'tcp[streams=1]', 'tcp[streams=4]', 'bare']],
    [{ tags: ['net', '!slow'], skip: ['*1]'] }, ['tcp[streams=4]']],
    [{ tags: ['!nobody'] }, ['up', 'tcp[streams=1]', 'tcp[streams=4]', 'soak', 'bare']],
  ])('%j', async (choice, names) => {
    const { spec, warnings } = await loadText(TEXT, choice);
    expect(spec.tests.map(({ name }) => name)).toEqual(names);
    expect(warnings).toEqual([]);
  });

  test('that leave nothing say what there is', async () => {
    const error = await failure(loadText(TEXT, { tags: ['slow'], skip: ['s*'] }));
    expect(`${error.code} ${error.message}`).toMatchInlineSnapshot(
      `"USAGE --skip "s*" --tag "slow" leaves no test; the suite has: up, tcp[streams=1], tcp[streams=4], soak, bare"`,
    );
  });

  test('of a tag that no test has name those there are', async () => {
    expect((await failure(loadText(TEXT, { tags: ['quik', 'slow'] }))).message).toMatchInlineSnapshot(
      `"--tag quik: no test has this tag; there are: net, quick, slow; did you mean "quick"?"`,
    );
    const none = loadText('tests: [{ name: x, roles: { a: ./a.sh } }]\n', { tags: ['x'] });
    expect((await failure(none)).message).toMatchInlineSnapshot(
      `"--tag x: no test has this tag; none has any"`,
    );
  });

  test('that skip nothing warn', async () => {
    expect((await loadText(TEXT, { skip: ['tpc*'] })).warnings).toEqual(['--skip "tpc*" matches no test']);
  });

  test('do not list thousands of names', async () => {
    const axis = Array.from({ length: 1000 }, (_, at) => at).join(',');
    const text = `tests: [{ name: x, matrix: { n: [${axis}] }, roles: { a: ./a.sh } }]\n`;
    expect((await failure(loadText(text, { only: ['y'] }))).message).toMatch(/x\[n=19\] and 980 more$/);
  });
});

describe('skip lists', () => {
  const LIST = '# known\n\ntcp*  # issue 12\n  up\nb#re\r\nnone # gone\n';

  test('keep tests in the run with the reason why they are skipped', async () => {
    const folder = await suiteFolder({ 'suite.yaml': TEXT, 'a.sh': SCRIPT, 'lists/skip': LIST });
    const { spec, warnings } = await loadSuite('suite.yaml', options(folder, { skipLists: ['lists/skip'] }));
    expect(spec.tests.map(({ name, skip }) => [name, skip])).toEqual([
      ['up', { reason: 'listed in lists/skip:4' }],
      ['tcp[streams=1]', { reason: 'issue 12' }],
      ['tcp[streams=4]', { reason: 'issue 12' }],
      ['soak', undefined],
      ['bare', undefined],
    ]);
    expect(warnings).toEqual(['lists/skip: no test has a name as in line 5, 6']);
  });

  test('can be named in the suite, relative to it; a list counts over a condition of the test', async () => {
    const folder = await suiteFolder({
      'net/suite.yaml':
        "skip-list: ../skip\nroles: { a: ./a.sh }\ntests: [{ name: x, skip: 'param.n == 1', params: { n: 1 } }]\n",
      'net/a.sh': SCRIPT,
      skip: 'x # no\n',
    });
    const { spec } = await loadSuite('net/suite.yaml', options(folder));
    expect(spec.tests[0]?.skip).toEqual({ reason: 'no' });
  });

  test('that cannot be read are refused', async () => {
    const given = await failure(loadText(TEXT, { skipLists: ['none'] }));
    expect(`${given.code} ${given.message}`).toMatchInlineSnapshot(
      `"USAGE skip list none: there is no such file"`,
    );
    const own = await failure(loadText(`skip-list: none\n${TEXT}`));
    expect(`${own.code} ${own.message}`).toMatchInlineSnapshot(`
      "SUITE_INVALID suite.yaml:1:12: skip list none: there is no such file
          1 | skip-list: none
            |            ^^^^"
    `);
  });
});

describe('--repeat and --until-fail', () => {
  const names = async (repeat: number | undefined, untilFail = false) =>
    (await loadText(TEXT, { only: ['up', 'soak'], repeat, untilFail })).spec.tests.map(({ name }) => name);

  test('run all that was chosen again and again, under names of their own', async () => {
    expect(await names(3)).toEqual(['up', 'soak', 'up#2', 'soak#2', 'up#3', 'soak#3']);
    expect(await names(1)).toEqual(['up', 'soak']);
    expect(await names(2, true)).toEqual(['up', 'soak', 'up#2', 'soak#2']);
  });

  test('until a test is not ok go on for as many tests as a run can have', async () => {
    const all = await names(undefined, true);
    expect(all).toHaveLength(10_000);
    expect(all.at(-1)).toBe('soak#5000');
  });

  test.each([0, -1, 1.5, Infinity])('%d times is refused', async (repeat) => {
    expect((await failure(loadText(TEXT, { repeat }))).message).toBe(
      '--repeat takes a whole number of at least 1',
    );
  });

  test('beyond what a run can have are refused', async () => {
    const error = await failure(loadText(TEXT, { repeat: 2001 }));
    expect(`${error.code} ${error.message}`).toMatchInlineSnapshot(
      `"USAGE --repeat 2001 of 5 tests makes 10005, and a run has at most 10000"`,
    );
  });

  test('whose names are taken, or would be too long, are refused', async () => {
    const taken = 'roles: { a: ./a.sh }\ntests: [{ name: x }, { name: "x#2" }]\n';
    expect((await failure(loadText(taken, { repeat: 2 }))).message).toMatchInlineSnapshot(
      `"--repeat would make a second test named "x#2"; rename that one"`,
    );
    const long = `roles: { a: ./a.sh }\ntests: [{ name: ${'x'.repeat(128)} }]\n`;
    expect((await failure(loadText(long, { repeat: 2 }))).message).toMatch(
      /^--repeat makes the name "x+#2", which has more than 128 characters$/,
    );
  });
});
