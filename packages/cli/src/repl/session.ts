/**
 * The prompt on a terminal, on node:repl: its editing, its history, its errors; and what Tutti has of its own: one input after the
 * other, Ctrl-C that reaches machines, names that Tab completes, lines that come while one is being typed.
 */
import { once } from 'node:events';
import { clearScreenDown, cursorTo } from 'node:readline';
import { type REPLServer, Recoverable, type ReplOptions } from 'node:repl';
import { inspect } from 'node:util';
import type { Tutti } from '@tutti/client/objects';
import { paletteFor } from '../progress/palette.ts';
import { complain } from './complain.ts';
import { complete } from './complete.ts';
import type { Done, Evaluate } from './evaluation.ts';
import { startEvaluator } from './evaluator.ts';
import { HeldInput, type Keyboard } from './held-input.ts';
import { LONGEST_HISTORY } from './history-file.ts';
import { textOf } from './shown.ts';
import { Watching } from './watching.ts';
import { worldOf } from './world.ts';

const PROMPT = 'tutti> ';

type Out = NodeJS.WriteStream;

export interface TerminalOptions {
  readonly tutti: Tutti;
  readonly keyboard: Keyboard;
  readonly out: Out;
  /** Where history is kept; undefined: nowhere. */
  readonly history: string | undefined;
  /** Given to the objects before there is a session: what it is at. */
  readonly onSignal: (signal: () => AbortSignal | undefined) => void;
}

/** So long Tab waits for names that have to be asked for. */
const COMPLETION_MS = 2000;

/** Resolves when the session has ended. */
export async function runTerminal({
  tutti,
  keyboard,
  out,
  history,
  onSignal,
}: TerminalOptions): Promise<void> {
  const palette = paletteFor(out.isTTY, process.env);
  /** What was typed in earlier sessions is there: until then keys wait. */
  let remembered = false;
  const input = new HeldInput({ keyboard, isBusy: () => !remembered || evaluations.busy, interrupt });
  const settings: ReplOptions & { historySize: number } = {
    ...{ prompt: PROMPT, input, output: out, terminal: true },
    ...{ ignoreUndefined: true, preview: false, useColors: palette.coloured, breakEvalOnSigint: true },
    historySize: LONGEST_HISTORY,
    writer: (value: unknown) => written(value),
  };
  const { server, evaluations } = startEvaluator(settings, (error) => void stray(error));
  onSignal(() => evaluations.signal);
  const watching = new Watching(tutti, tell);
  const world = {
    ...descriptors(
      worldOf(tutti, { out, palette, signal: () => evaluations.signal, keyboard: () => input.lend() }),
    ),
    watch: { enumerable: true, value: (what?: unknown) => watching.watch(what) },
    unwatch: { enumerable: true, value: () => void watching.stop() },
  };
  Object.defineProperties(server.context, world);
  const roots = Object.defineProperties({}, world) as Record<string, unknown>;

  /** What is shown of the value that came last. */
  let last: { readonly value: unknown; readonly text: string } | undefined;
  Object.assign(server, {
    eval: (...[code, context, file, done]: Parameters<Evaluate>) =>
      evaluations.begin(code, context, file, (error, value) => {
        // It goes on in the next line, which may be there already.
        if (error instanceof Recoverable) return done(error);
        void finish(error, value, done);
      }),
    completer: completer(server, roots),
  });

  async function finish(error: Error | null, value: unknown, done: Done): Promise<void> {
    if (await shown(error, value)) done(null, value);
    else done(null);
    input.released();
  }

  /** False where there is no value to show, but something else was. */
  async function shown(error: Error | null, value: unknown): Promise<boolean> {
    try {
      if (error !== null) throw error;
      const text = await textOf(value, palette);
      last = text === undefined ? undefined : { value, text };
      return true;
    } catch (why) {
      Object.assign(server, { lastError: why });
      await complain(why, out, palette);
      return false;
    }
  }

  function written(value: unknown): string {
    if (last !== undefined && last.value === value) return last.text;
    return inspect(value, { colors: palette.coloured, depth: 4, maxArrayLength: 100 });
  }

  function interrupt(): boolean {
    const what = evaluations.interrupt();
    if (what === 'interrupted') out.write('^C interrupting; once more to leave it behind\n');
    if (what !== false) return true;
    if (server.line !== '' || !watching.stop()) return false;
    tell('not watching any more');
    return true;
  }

  /** Above what is being typed. */
  function tell(line: string): void {
    if (evaluations.busy) {
      out.write(`${line}\n`);
      return;
    }
    cursorTo(out, 0);
    clearScreenDown(out);
    out.write(`${line}\n`);
    server.displayPrompt(true);
  }

  const stops = [
    tutti.on('lost', ({ message }) => tell(`connection lost: ${message}; trying again for 1 h`)),
    tutti.on('back', (seconds) => tell(`connection back after ${seconds.toFixed(1)} s`)),
  ];
  async function stray(error: unknown): Promise<void> {
    await complain(error, { write: (text: string) => tell(text.trimEnd()) }, palette);
  }
  const rejected = (why: unknown) => void stray(why);
  process.on('unhandledRejection', rejected);
  try {
    await remember(server, history, tell);
    remembered = true;
    input.released();
    await once(server, 'exit');
  } finally {
    watching.stop();
    for (const stop of stops) stop();
    process.off('unhandledRejection', rejected);
  }
}

type Completer = (line: string, done: (error: Error | null, found?: [string[], string]) => void) => void;

/** Names that are there now; of all else what node:repl knows. */
function completer(server: REPLServer, roots: Record<string, unknown>): Completer {
  const others = (server.completer as unknown as Completer).bind(server);
  const offer = async (line: string, done: Parameters<Completer>[1]): Promise<void> => {
    const late = new Promise<'late'>((resolve) => setTimeout(resolve, COMPLETION_MS, 'late').unref());
    // What could not be asked for is not offered.
    const found = await Promise.race([complete(line, roots), late]).catch(() => 'late' as const);
    if (found === 'late') done(null, [[], line]);
    else if (found === undefined) others(line, done);
    else done(null, [...found]);
  };
  return (line, done) => void offer(line, done);
}

async function remember(
  server: REPLServer,
  history: string | undefined,
  tell: (line: string) => void,
): Promise<void> {
  if (history === undefined) return tell('what is typed cannot be kept for the next session');
  const { promise, resolve } = Promise.withResolvers<void>();
  server.setupHistory(history, (error) => {
    if (error !== null) tell(`what is typed cannot be kept for the next session: ${error.message}`);
    resolve();
  });
  return promise;
}

function descriptors(world: Record<string, unknown>): PropertyDescriptorMap {
  return Object.getOwnPropertyDescriptors<Record<string, unknown>>(world);
}
