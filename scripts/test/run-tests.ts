/** Runs vitest in this process and tallies what it did: by test, with the reason of every skip. */
import { parseCLI, type Reporter, startVitest, type TestCase, type TestModule } from 'vitest/node';
import { addUp, nothing, type Tally } from './tally.ts';

/** `project` is undefined for all; `args` are vitest's own: filters and options. */
export async function runTests(project: string | undefined, args: string[]): Promise<Tally> {
  const summary = new Summary();
  const { filter, options } = parseCLI(['vitest', 'run', ...args]);
  const chosen = project === undefined ? {} : { project: [project] };
  try {
    const vitest = await startVitest('test', filter, {
      ...options,
      ...chosen,
      watch: false,
      reporters: ['default', summary],
    });
    await vitest.close();
  } catch (error) {
    console.error(error);
    summary.tally.failed.push('vitest itself crashed (above)');
  }
  const { passed, failed } = summary.tally;
  if (passed + failed.length === 0) failed.push('vitest ran no test');
  return summary.tally;
}

/** Files that do not load and errors outside of any test count as failures too. */
class Summary implements Reporter {
  tally: Tally = nothing();

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    for (const module of modules) {
      for (const test of module.children.allTests()) this.tally = addUp(this.tally, tallyOf(test));
      if (module.errors().length > 0) this.tally.failed.push(`${module.relativeModuleId}: does not run`);
    }
    for (const error of errors) {
      const message = error instanceof Object && 'message' in error ? error.message : error;
      this.tally.failed.push(`an error outside of any test: ${String(message)}`);
    }
  }
}

function tallyOf(test: TestCase): Tally {
  const result = test.result();
  const name = `${test.module.relativeModuleId} > ${test.fullName}`;
  switch (result.state) {
    case 'passed':
      return { ...nothing(), passed: 1 };
    case 'failed':
      return { ...nothing(), failed: [name] };
    case 'skipped':
      return { ...nothing(), skipped: [result.note === undefined ? name : `${name}: ${result.note}`] };
    case 'pending':
      return { ...nothing(), failed: [`${name}: did not finish`] };
  }
}
