/** A secret of the master reaches the script, and nothing that anybody reads afterwards. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentsOf } from './support/pool.ts';
import { attempt, folder, named, stderrOf, stdoutOf } from './support/results.ts';
import { readReport, reportMistakes, startMaster, tutti } from './support/tutti.ts';

const SECRET = 'correct-horse-battery';

test('a secret is in the environment, and masked wherever the script says it', async () => {
  const master = await startMaster();
  const [agent] = await agentsOf(master, 1);
  await mkdir(join(master.state, 'secrets'));
  const file = join(master.state, 'secrets/TOKEN');
  await writeFile(file, `${SECRET}\n`);
  await chmod(file, 0o600);
  const cwd = await folder({
    'suite.yaml': `
suite: secret
secrets: [TOKEN]
tests:
  - name: says it
    roles:
      a: |
        test "$(printf %s "$TOKEN" | wc -c)" = ${SECRET.length}
        printf 'it is %s' 'correct-horse'; sleep 0.3; echo '-battery, they say'
        tutti result "login with $TOKEN" warn --message "$TOKEN"
        tutti mark "used $TOKEN"
        echo "cannot use $TOKEN" >&2
        exit 1
  - name: wants another
    secrets: [OTHER]
    roles: { a: "true" }
`,
  });
  const { code, stdout, stderr } = await tutti(['run', 'suite.yaml'], { cwd, env: master.env });
  expect(code).toBe(2);
  expect(stdout + stderr).not.toContain(SECRET);

  const report = readReport(join(cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  const stars = '*'.repeat(SECRET.length);
  const says = named(report, 'says it');
  expect(says).toMatchObject({
    status: 'FAIL',
    cause: expect.stringContaining(`(last line: "cannot use ${stars}")`) as string,
  });
  expect(await stdoutOf(cwd, says, 'a.0')).toBe(`it is ${stars}, they say\n`);
  expect(await stderrOf(cwd, says, 'a.0')).toBe(`cannot use ${stars}\n`);
  expect(attempt(says).subtests).toMatchObject([{ name: `login with ${stars}`, message: stars }]);
  expect(attempt(says).marks).toMatchObject([{ name: `used ${stars}` }]);

  expect(named(report, 'wants another')).toMatchObject({
    status: 'ERROR',
    cause: expect.stringContaining(
      `the secret OTHER cannot be given to the test: ${master.state}/secrets/OTHER is not there`,
    ) as string,
  });

  // Neither the results, nor the state of the master but the file itself; nor, once it is forgotten, that of the agent.
  const found = (dir: string) => {
    try {
      return execFileSync('grep', ['-rlaF', SECRET, dir], { encoding: 'utf8' }).split('\n').filter(Boolean);
    } catch {
      return [];
    }
  };
  expect(found(join(cwd, 'tutti-results'))).toEqual([]);
  expect(found(master.state)).toEqual([file]);
  expect(await stat(join(agent?.state ?? '', 'members')).then(({ mode }) => mode & 0o004)).toBeDefined();
});
