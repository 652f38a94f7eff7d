/**
 * Inputs that nobody types: `--eval`, or what comes on stdin. One after the other, and the first that fails is the last.
 *
 * Lines are taken one by one, so that a program that writes to stdin can read what comes of each before it writes the next.
 */
import { createInterface } from 'node:readline';
import { Recoverable } from 'node:repl';
import type { Context } from 'node:vm';
import type { Evaluations } from './evaluation.ts';

export interface ScriptOptions {
  readonly source: NodeJS.ReadableStream | string;
  readonly evaluations: Evaluations;
  readonly context: Context;
  readonly print: (value: unknown) => Promise<void>;
}

/** Rejects with what an input has thrown. */
export async function runScript({ source, evaluations, context, print }: ScriptOptions): Promise<void> {
  const lines = typeof source === 'string' ? source.split('\n') : createInterface({ input: source });
  let code = '';
  let broken: unknown;
  for await (const line of lines) {
    code += `${line}\n`;
    broken = undefined;
    try {
      const value = await evaluated(code);
      code = '';
      await print(value);
    } catch (error) {
      if (!(error instanceof Recoverable)) throw error;
      // It goes on in the next line.
      broken = (error as { err?: unknown }).err ?? error;
    }
  }
  if (broken !== undefined) throw broken as Error;

  function evaluated(input: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      evaluations.begin(input, context, 'tutti repl', (error, value) =>
        error === null || error === undefined ? resolve(value) : reject(error),
      );
    });
  }
}
