/** Scripts of every kind, and those that cannot be run. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inline, makeLab, stage } from './lab.ts';

const staged = (path: string) => ({ script: { kind: 'staged', path } }) as const;

test.each([
  ['run.sh', '#!/bin/sh\necho hello $0', 0o755, 'hello .*/work/run.sh'],
  ['run.js', 'console.log("hello", import.meta.url.slice(0, 7))', 0o644, 'hello file://'],
  ['run.mts', 'const x: string = "hello"; console.log(x)', 0o644, 'hello'],
  ['run.ts', 'const x: string = "hello"; console.log(x)', 0o644, 'hello'],
  ['run.py', 'print("hello")', 0o644, 'hello'],
  ['sub/dir/run', '#!/bin/sh\necho hello; pwd', 0o755, 'hello\n.*/work'],
])('%s runs', async (path, text, mode, expected) => {
  const lab = await makeLab();
  const spec = inline('', { ...staged(path), files: [stage(lab, path, `${text}\n`, mode)] });
  const end = await lab.run(spec);
  expect(end.exit).toEqual({ how: 'exited', code: 0 });
  expect(lab.text(spec.member, 'stdout.0')).toMatch(new RegExp(`^${expected}\n$`));
});

test('an inline script stops at the first error', async () => {
  const lab = await makeLab();
  const spec = inline('false\necho never');
  expect((await lab.run(spec)).exit).toEqual({ how: 'exited', code: 1 });
  expect(lab.text(spec.member, 'stdout.0')).toBe('');
});

test('an inline script is run by what its first line names, and needs no newline at its end', async () => {
  const lab = await makeLab();
  const spec = inline('#!/usr/bin/env -S python3 -u\nimport sys\nprint(sys.version_info[0])');
  await lab.run(spec);
  expect(lab.text(spec.member, 'stdout.0')).toBe('3\n');
});

test('a script of the node runs from where it is', async () => {
  const lab = await makeLab();
  const path = join(lab.base, 'on-node.sh');
  writeFileSync(path, '#!/bin/sh\nexit 12\n');
  chmodSync(path, 0o755);
  const spec = inline('', { script: { kind: 'onNode', path } });
  expect((await lab.run(spec)).exit).toEqual({ how: 'exited', code: 12 });
});

test.each([
  ['no such file', 'gone.sh', undefined, 0, /^gone\.sh cannot be read on n1: ENOENT/],
  ['no execute permission', 'run.sh', '#!/bin/sh\n', 0o644, /^run\.sh cannot be run: .*chmod \+x/],
  ['nothing that runs it', 'run.sh', 'echo\n', 0o755, /^run\.sh cannot be run: it has no first line "#!/],
  [
    'an interpreter that is not there',
    'run.sh',
    '#!/opt/perl7 -w\n',
    0o755,
    /names \/opt\/perl7, which is no program on n1/,
  ],
  ['line ends of another system', 'run.sh', '#!/bin/sh\r\necho\r\n', 0o755, /ends in CR LF/],
])(
  '%s: the member ends as not started, and the message says why',
  async (_what, path, text, mode, message) => {
    const lab = await makeLab();
    const files = text === undefined ? [] : [stage(lab, path, text, mode)];
    const end = await lab.run(inline('', { ...staged(path), files }));
    expect(end).toMatchObject({
      exit: { how: 'not-started', message: expect.stringMatching(message) as string },
      duration: 0,
    });
  },
);

test('an inline script whose interpreter is not there has not started', async () => {
  const lab = await makeLab();
  const end = await lab.run(inline('#!/opt/perl7\nx'));
  expect(end.exit).toMatchObject({
    how: 'not-started',
    message: expect.stringContaining('/opt/perl7') as string,
  });
});

test('python that the machine does not have is named', async () => {
  const lab = await makeLab();
  const files = [stage(lab, 'run.py', 'print()')];
  const end = await lab.run(inline('', { ...staged('run.py'), files, env: { PATH: '/nowhere' } }));
  expect(end.exit).toMatchObject({
    how: 'not-started',
    message: expect.stringContaining('python3') as string,
  });
});

test('an interpreter that only env can look for fails as it does anywhere', async () => {
  const lab = await makeLab();
  const spec = inline('', { ...staged('x'), files: [stage(lab, 'x', '#!/usr/bin/env perl7\n', 0o755)] });
  const end = await lab.run(spec);
  expect(end.exit).toEqual({ how: 'exited', code: 127 });
  expect(end.lastLine).toContain('perl7');
});

test('an environment that no system takes is the member’s end, not the agent’s', async () => {
  const lab = await makeLab();
  const end = await lab.run(inline('echo', { env: { HUGE: 'x'.repeat(131_072) } }));
  expect(end.exit).toMatchObject({ how: 'not-started', message: expect.stringContaining('E2BIG') as string });
  const nul = await lab.run(inline('echo', { env: { NUL: 'a\0b' } }));
  expect(nul.exit).toMatchObject({ how: 'not-started' });
});

test('before a driver Node reads what shows mistakes in it; before another script it does not', async () => {
  const lab = await makeLab();
  writeFileSync(join(lab.base, 'sdk', 'driver.js'), 'globalThis.told = "told";\n');
  const text = 'console.log(globalThis.told ?? "not told")\n';
  for (const [drives, expected] of [
    [true, 'told\n'],
    [undefined, 'not told\n'],
  ] as const) {
    const spec = inline('', { ...staged('run.mjs'), drives, files: [stage(lab, 'run.mjs', text, 0o644)] });
    expect((await lab.run(spec)).exit).toEqual({ how: 'exited', code: 0 });
    expect(lab.text(spec.member, 'stdout.0')).toBe(expected);
  }
});
