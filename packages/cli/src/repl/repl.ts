/** `tutti repl`: a prompt on a terminal; without one, what comes on stdin or by `--eval`, to its end. */

import { PassThrough, Writable } from 'node:stream';
import { inspect } from 'node:util';
import { connectIn, type Tutti } from '@tutti/client/objects';
import { EXIT } from '@tutti/protocol';
import type { MasterFlags } from '../connect.ts';
import { note } from '../connect.ts';
import { paletteFor } from '../progress/palette.ts';
import { onInterrupt } from '../run/interrupt.ts';
import { SOFTWARE } from '../software.ts';
import { surroundings } from '../surroundings.ts';
import { complain } from './complain.ts';
import { startEvaluator } from './evaluator.ts';
import { historyPath, openHistory } from './history-file.ts';
import { runScript } from './script.ts';
import { runTerminal } from './session.ts';
import { textOf } from './shown.ts';
import { worldOf } from './world.ts';

export interface ReplFlags extends MasterFlags {
  eval?: string;
}

export async function repl({ master, tokenFile, eval: code }: ReplFlags): Promise<number> {
  let signal: () => AbortSignal | undefined = () => undefined;
  const options = { master, tokenFile, software: SOFTWARE };
  const tutti = await connectIn(options, { signal: () => signal() }, surroundings());
  const onSignal = (given: typeof signal) => {
    signal = given;
  };
  try {
    // What is in this folder can be written by name. A folder without suites has none.
    const suites = tutti.suites.list().catch(() => []);
    const { stdin, stdout } = process;
    if (code !== undefined || !stdin.isTTY || !stdout.isTTY) {
      await suites;
      return await script(tutti, code ?? stdin, onSignal);
    }
    stdout.write(`${await greeting(tutti)}\n`);
    const history = await openHistory(historyPath(process.env));
    await runTerminal({ tutti, keyboard: stdin, out: stdout, history, onSignal });
    return EXIT.ok;
  } finally {
    await tutti.close();
    process.stdin.pause();
  }
}

async function greeting({ master, nodes, runs }: Tutti): Promise<string> {
  const machines = `${nodes.size} ${nodes.size === 1 ? 'machine' : 'machines'}`;
  const [newest] = runs.numbers;
  return `${master}: ${machines}, ${newest === undefined ? 'no run yet' : `newest run ${newest}`}; help says what there is`;
}

async function script(
  tutti: Tutti,
  source: NodeJS.ReadableStream | string,
  onSignal: (signal: () => AbortSignal | undefined) => void,
): Promise<number> {
  const { stdout, stderr } = process;
  const palette = paletteFor(stdout.isTTY, process.env);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const { server, evaluations } = startEvaluator(
    { prompt: '', input: new PassThrough(), output: nowhere, terminal: false },
    (error) => void complain(error, stderr, palette),
  );
  onSignal(() => evaluations.signal);
  const world = worldOf(tutti, { out: stdout, palette, signal: () => evaluations.signal });
  Object.defineProperties(server.context, Object.getOwnPropertyDescriptors(world));
  Object.assign(server.context, { console });
  const stops = [
    tutti.on('lost', ({ message }) => note(`connection lost: ${message}; trying again for 1 h`)),
    tutti.on('back', (seconds) => note(`connection back after ${seconds.toFixed(1)} s`)),
  ];
  const interrupt = onInterrupt(() => {
    evaluations.interrupt();
    note('interrupting; once more to leave at once');
  });
  const print = async (value: unknown) => {
    const text = (await textOf(value, palette)) ?? (value === undefined ? undefined : plainText(value));
    if (text !== undefined) stdout.write(`${text}\n`);
  };
  try {
    await runScript({ source, evaluations, context: server.context, print });
    return EXIT.ok;
  } catch (error) {
    return await complain(error, stderr, palette);
  } finally {
    interrupt.stop();
    for (const stop of stops) stop();
    server.close();
  }
}

/** A text is itself: another program reads it. */
function plainText(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 4, maxArrayLength: null });
}
