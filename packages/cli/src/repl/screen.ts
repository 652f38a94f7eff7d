/** What the objects of the prompt share. */
import type { Machine } from '@tutti/client/objects';
import type { Keyboard as BorrowedKeyboard } from '../on-node/attach.ts';
import type { Palette } from '../progress/palette.ts';

/** Where the objects write what comes bit by bit. */
export interface Screen {
  /** For lines that belong to what was asked. */
  readonly out: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly palette: Palette;
  /** Of what is being carried out. */
  readonly signal: () => AbortSignal | undefined;
  /** Lends the keyboard, until it is not listened to any more; absent where there is none. */
  readonly keyboard?: () => BorrowedKeyboard;
}

/** What can be done on a machine, whichever name it goes by. */
export const MACHINE_METHODS = [
  ...(['run', 'fails', 'result', 'start', 'until', 'put', 'get'] as const),
  ...(['waitForPort', 'waitForFile', 'waitForLog', 'waitForUnit', 'reboot', 'facts'] as const),
] as const satisfies readonly (keyof Machine)[];
