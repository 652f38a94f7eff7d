/**
 * This terminal becomes that of a machine, until its command ends or it is left by `~.`.
 *
 * Guarantees: afterwards it is as before, however that came about. What is typed while the connection is away arrives when it is
 * back; what cannot be given soon makes the keyboard wait, not the memory grow.
 */
import type { Terminal, TerminalExit } from '@tutti/client/objects';
import { Escape } from './escape.ts';
import { written } from './written.ts';

export interface Keyboard {
  readonly isRaw?: boolean;
  setRawMode(raw: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: 'data', listener: (keys: Buffer) => void): unknown;
  off(event: 'data', listener: (keys: Buffer) => void): unknown;
}

export interface AttachOptions {
  readonly keyboard: Keyboard;
  readonly screen: NodeJS.WriteStream;
  /** Leaves it, as the escape does. */
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that were typed and have not arrived. */
const MOST_TYPED = 64 * 1024;

/** Resolves with how it ended; with undefined when it was left. Rejects when it is gone, or not known how it ended. */
export async function attach(
  terminal: Terminal,
  { keyboard, screen, signal }: AttachOptions,
): Promise<TerminalExit | undefined> {
  const left = Promise.withResolvers<undefined>();
  const leave = () => left.resolve(undefined);
  const escape = new Escape();
  let typed = Buffer.alloc(0);
  let giving = false;
  const give = async (): Promise<void> => {
    giving = true;
    while (typed.byteLength > 0) {
      const bytes = typed;
      typed = Buffer.alloc(0);
      keyboard.resume();
      await terminal.write(bytes);
    }
    giving = false;
  };
  const onKeys = (keys: Buffer) => {
    const passed = escape.take(keys);
    typed = Buffer.concat([typed, passed.bytes]);
    if (typed.byteLength > MOST_TYPED) keyboard.pause();
    // That it is gone is told by its output.
    if (!giving) give().catch(() => {});
    if (passed.leave) leave();
  };
  const onResize = () => {
    terminal.resize({ columns: screen.columns, rows: screen.rows }).catch(() => {});
  };
  const show = async (): Promise<TerminalExit> => {
    for await (const bytes of terminal.output) await written(screen, bytes);
    return terminal.exit;
  };
  const wasRaw = keyboard.isRaw === true;
  keyboard.setRawMode(true);
  keyboard.on('data', onKeys);
  keyboard.resume();
  screen.on('resize', onResize);
  signal?.addEventListener('abort', leave, { once: true });
  if (signal?.aborted) leave();
  try {
    const showing = show();
    showing.catch(() => {});
    const exit = await Promise.race([showing, left.promise]);
    if (exit === undefined) await ended(terminal);
    return exit;
  } finally {
    signal?.removeEventListener('abort', leave);
    screen.off('resize', onResize);
    keyboard.off('data', onKeys);
    keyboard.pause();
    keyboard.setRawMode(wasRaw);
    await soon(terminal.forget());
  }
}

/** So long it is waited for that a terminal which was left has ended: where its machine cannot be reached it ends by itself. */
const LEAVING_MS = 2000;

async function ended(terminal: Terminal): Promise<void> {
  await soon(terminal.end());
}

async function soon(work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LEAVING_MS);
  work.catch(() => {});
  try {
    await Promise.race([work.catch(() => {}), promise]);
  } finally {
    clearTimeout(timer);
  }
}
