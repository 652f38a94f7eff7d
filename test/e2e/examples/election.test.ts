/** examples/election: rank, keys, data and generations of barriers, all in shell. */
import { expect, test } from 'vitest';
import { canNamespace } from '../support/tutti.ts';
import { barriers, type ExampleRun, lastAttempt, runExample } from './run-example.ts';

test.skipIf(!canNamespace)(
  'three and five members in hosts of their own agree on a leader in both terms (needs root, iproute2)',
  async () => {
    expectAgreement(await runExample('election', '--net', 'namespaces'), 2);
  },
);

test("members on one host's network agree on a leader in as many terms as asked for", async () => {
  expectAgreement(await runExample('election', '--net', 'host', '--param', 'terms=4'), 4);
});

function expectAgreement({ outcome, report }: ExampleRun, terms: number): void {
  expect(outcome.code).toBe(0);
  expect(outcome.stderr).toMatch(/^5 agents /);
  expect(report).toMatchObject({ suite: 'election', status: 'PASS', summary: { total: 2, pass: 2 } });
  const each = Array.from({ length: terms }, (_, index) => index);
  for (const [test, size] of [['three', 3], ['five', 5]] as const) {
    const { members, subtests, barriers: met } = lastAttempt(report, test);
    expect(members.map(({ member, status }) => `${member} ${status}`)).toEqual(
      Array.from({ length: size }, (_, index) => `node.${index} PASS`),
    );
    for (const term of each) {
      const said = subtests.filter(({ name }) => name === `term ${term + 1}`);
      expect(said).toHaveLength(size);
      expect(said.every(({ status }) => status === 'PASS')).toBe(true);
      expect(new Set(said.map(({ message }) => message)).size).toBe(1);
      expect(said[0]?.message).toMatch(/^node\.\d leads$/);
    }
    expect(barriers(report, test)).toEqual(each.flatMap((term) => [`elect ${term}`, `agree ${term}`]));
    expect(met.every((barrier) => barrier.size === size)).toBe(true);
  }
}
