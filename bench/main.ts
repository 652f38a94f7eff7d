/**
 * `npm run bench -- NAME [OPTION]...`: measures Tutti beside a floor, the least program that could do the same.
 * Without a name it lists the benches. Results go to stdout, progress to stderr.
 */
import { agent } from './agent.ts';
import { barrier } from './barrier.ts';
import type { AnyBench } from './bench.ts';
import { connect } from './connect.ts';
import { culprit } from './culprit.ts';
import { given, usage } from './harness/options.ts';
import { Report } from './harness/report.ts';
import { idle } from './idle.ts';
import { output } from './output.ts';
import { recovery } from './recovery.ts';
import { schedule } from './schedule.ts';
import { turnaround } from './turnaround.ts';

/** A new bench is one file like barrier.ts, and its name here. */
const BENCHES: Record<string, AnyBench> = {
  barrier,
  connect,
  idle,
  output,
  culprit,
  turnaround,
  agent,
  recovery,
  schedule,
};

function list(): string {
  const lines = Object.entries(BENCHES).map(
    ([name, { options, about }]) => `  ${name} ${usage(options)}\n      ${about}`,
  );
  return `npm run bench -- NAME [OPTION]...\n${lines.join('\n')}`;
}

const [name, ...args] = process.argv.slice(2);
const bench = name !== undefined && Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench !== undefined) {
  try {
    const { values, json } = given(bench.options, args);
    const report = new Report(json);
    await bench.run(values, report);
    report.end();
  } catch (error) {
    console.error(`bench ${name}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
} else if (name === undefined || name === '--help') console.log(list());
else {
  console.error(`there is no bench "${name}"\n${list()}`);
  process.exitCode = 64;
}
