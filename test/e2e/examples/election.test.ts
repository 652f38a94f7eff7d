/** examples/election: rank, keys, data and generations of barriers, all in shell. */
import { expect, test } from 'vitest';
import { canNamespace } from '../support/tutti.ts';
import { barriers, type ExampleRun, lastAttempt, runExample } from './run-example.ts';

test.skipIf(!canNamespace)(
  'three and five members in hosts of their own agree on a leader in both terms (needs root, iproute2)',
  async () => {
    const run = await runExample('election', '--net', 'namespaces');
    expect(run.outcome.stderr).toMatch(/^5 agents in network namespaces\n/);
    expectAgreement(run, 2);
  },
);

test("members on one host's network agree on a leader in as many terms as asked for", async () => {
  const run = await runExample('election', '--net', 'host', '--param', 'terms=4');
  expect(run.outcome.stderr).toMatch(/^5 agents on this host's network\n/);
  expectAgreement(run, 4);
});

function expectAgreement({ outcome, report }: ExampleRun, terms: number): void {
  expect(outcome.code).toBe(0);
  expect(report).toMatchObject({ suite: 'election', status: 'PASS', summary: { total: 2, pass: 2 } });
  const every = Array.from({ length: terms }, (_, index) => index);
  for (const [name, size] of [
    ['three', 3],
    ['five', 5],
  ] as const) {
    const { members, subtests, barriers: met } = lastAttempt(report, name);
    expect(members.map(({ member, status }) => `${member} ${status}`)).toEqual(
      Array.from({ length: size }, (_, index) => `node.${index} PASS`),
    );
    for (const term of every) {
      const said = subtests.filter((each) => each.name === `term ${term + 1}`);
      expect(said).toHaveLength(size);
      expect(said.every(({ status }) => status === 'PASS')).toBe(true);
      expect(new Set(said.map(({ message }) => message)).size).toBe(1);
      expect(said[0]?.message).toMatch(/^node\.\d leads$/);
    }
    expect(barriers(report, name)).toEqual(every.flatMap((term) => [`elect ${term}`, `agree ${term}`]));
    expect(met.every((barrier) => barrier.size === size)).toBe(true);
  }
}
