/**
 * The gates: checks of the sources as a whole, each a command that must exit 0, two at a time. One line each; what a
 * gate says is shown only when it fails. test/gates/ proves of every one of them that it can fail.
 */
import { spawn } from 'node:child_process';
import { addUp, nothing, type Tally } from './tally.ts';

const GATES: Record<string, string[]> = {
  format: ['biome', 'check', '--colors=off'],
  lint: ['oxlint', '--type-aware'],
  layers: ['node', 'scripts/layers.ts'],
  types: ['tsc', '--noEmit', '--pretty', 'false'],
  docs: ['node', 'scripts/docs.ts', '--check'],
  'dead code': ['knip', '--no-progress'],
  lockfile: ['node', 'scripts/lockfile.ts', '--check'],
};

const AT_A_TIME = 2;

export async function runGates(): Promise<Tally> {
  const waiting = Object.entries(GATES);
  const worker = async (): Promise<Tally> => {
    let sum = nothing();
    for (let gate = waiting.shift(); gate !== undefined; gate = waiting.shift()) {
      sum = addUp(sum, await runGate(...gate));
    }
    return sum;
  };
  const sums = await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return sums.reduce(addUp);
}

async function runGate(name: string, command: string[]): Promise<Tally> {
  const began = performance.now();
  const { status, output } = await run(command);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(` ${status === 0 ? '✓' : '✗'} gate ${name} (${seconds} s)`);
  if (status === 0) return { ...nothing(), passed: 1 };
  console.log(output.trimEnd());
  return { ...nothing(), failed: [`gate ${name}: ${command.join(' ')}: ${status}`] };
}

interface Outcome {
  /** 0, or words for how it ended. */
  status: 0 | string;
  output: string;
}

function run([command = '', ...args]: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', (error) => {
      resolve({ status: error.message, output });
    });
    child.on('close', (code, signal) => {
      resolve({ status: code === 0 ? 0 : (signal ?? `exit status ${code}`), output });
    });
  });
}
