/** Colours, where the reader has them: on a terminal, unless NO_COLOR says otherwise (no-color.org). */

export interface Palette {
  /** Colours text by the status that it names. */
  status(text: string): string;
  dim(text: string): string;
  /** In the nth of some colours, so that neighbours differ. */
  nth(n: number, text: string): string;
  /** There are colours. */
  readonly coloured: boolean;
}

const GREEN = 32;
const YELLOW = 33;
const RED = 31;
const DIM = 2;

/** Not red: that something is bad is said by other means. */
const NEIGHBOURS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

const COLOURS: Record<string, number> = {
  PASS: GREEN,
  XFAIL: GREEN,
  WARN: YELLOW,
  SKIP: YELLOW,
  CANCEL: YELLOW,
  XPASS: RED,
  FAIL: RED,
  INTERRUPTED: RED,
  ERROR: RED,
};

export function paletteFor(isTerminal: boolean, env: Record<string, string | undefined>): Palette {
  if (!isTerminal || env['NO_COLOR'] || env['TERM'] === 'dumb')
    return { status: same, dim: same, nth: (_n, text) => text, coloured: false };
  const paint = (code: number, text: string) => `\u001b[${code}m${text}\u001b[0m`;
  return {
    status: (text) => {
      const colour = COLOURS[text.trim()];
      return colour === undefined ? text : paint(colour, text);
    },
    dim: (text) => paint(DIM, text),
    nth: (n, text) => paint(NEIGHBOURS[n % NEIGHBOURS.length] ?? DIM, text),
    coloured: true,
  };
}

function same(text: string): string {
  return text;
}
