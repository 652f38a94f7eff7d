/**
 * `npm test`: the gates, then the tests. The last line is always `N passed, N failed, N skipped`, and the exit status
 * is 1 if anything failed, also when no test ran at all.
 *
 *     npm test                          everything
 *     npm test -- --only unit           or e2e, or gates
 *     npm test -- packages/link -t ack  tests only; arguments go to vitest
 */
import { join } from 'node:path';
import { ALL_TOOLS, provideTools } from './debian-tools.ts';
import { runGates } from './test/gates.ts';
import { addUp, nothing, type Tally } from './test/tally.ts';

process.chdir(join(import.meta.dirname, '..'));

// Vitest colours what goes into files and pipes too, unless told not to before it is loaded.
if (!process.stdout.isTTY && process.env['FORCE_COLOR'] === undefined) process.env['NO_COLOR'] = '1';

const { only, rest } = parse(process.argv.slice(2));
provideTools(ALL_TOOLS, 'the tests that need them are skipped');
const gates = only === 'gates' || (only === undefined && rest.length === 0) ? await runGates() : nothing();
const tests = only === 'gates' ? nothing() : await runTests();
finish(addUp(gates, tests));

async function runTests(): Promise<Tally> {
  const vitest = await import('./test/run-tests.ts');
  return vitest.runTests(only, rest);
}

function parse(args: string[]): { only: string | undefined; rest: string[] } {
  const at = args.indexOf('--only');
  if (at === -1) return { only: undefined, rest: args };
  const [, what] = args.splice(at, 2);
  if (what === undefined || !['unit', 'e2e', 'gates'].includes(what)) {
    console.error('npm test: --only takes unit, e2e or gates');
    process.exit(64);
  }
  return { only: what, rest: args };
}

function finish({ passed, failed, skipped }: Tally): never {
  console.log('');
  for (const test of skipped) console.log(`skipped: ${test}`);
  for (const test of failed) console.log(`failed: ${test}`);
  console.log(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  process.exit(failed.length > 0 ? 1 : 0);
}
