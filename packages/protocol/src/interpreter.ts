/**
 * How a script file is run: by itself, by the agent's Node, by the machine's Python, or not at all.
 *
 * Pure, because two sides ask: whoever loads a suite, so that a mistake is found before anything is staged; and the
 * agent, for files that are on its own machine. Looks at the first bytes only; that an interpreter which the first line
 * names exists is for the machine to find out.
 */

export type Interpreter =
  | { run: 'itself' }
  | { run: 'node' }
  | { run: 'python3' }
  /** `why` completes the sentence "FILE cannot be run: …". */
  | { run: 'nothing'; why: string };

/** Endings that need neither `#!` nor an execute bit. */
const BY_ENDING: Record<string, 'node' | 'python3'> = {
  '.ts': 'node',
  '.mts': 'node',
  '.js': 'node',
  '.mjs': 'node',
  '.py': 'python3',
};

const HASH_BANG = [0x23, 0x21];
const ELF = [0x7f, 0x45, 0x4c, 0x46];

/** How much of the file `interpreterFor` wants to see: a first line that Linux reads is no longer. */
export const FIRST_BYTES = 256;

/** A file with `#!…`, or an ELF binary, runs by itself and needs the execute bit; of any other the ending decides. */
export function interpreterFor(path: string, firstBytes: Uint8Array, executable: boolean): Interpreter {
  const hashBang = startsWith(firstBytes, HASH_BANG);
  if (hashBang && endsInCarriageReturn(firstBytes)) {
    return nothing(
      'its first line "#!…" ends in CR LF, which Linux takes for a part of the name; save it with LF line ends',
    );
  }
  if (hashBang || startsWith(firstBytes, ELF)) {
    return executable ? { run: 'itself' } : nothing(`it has no execute bit; chmod +x ${path}`);
  }
  const ending = /[^/](\.[a-z]+)$/.exec(path)?.[1] ?? '';
  const run = Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined;
  if (run) return { run };
  const endings = Object.keys(BY_ENDING).join(' ');
  return nothing(
    executable
      ? `it has no first line "#!…", such as "#!/bin/sh", nor one of the endings ${endings}`
      : `it has neither a first line "#!…" with an execute bit (chmod +x ${path}) nor one of the endings ${endings}`,
  );
}

function nothing(why: string): Interpreter {
  return { run: 'nothing', why };
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

function endsInCarriageReturn(bytes: Uint8Array): boolean {
  const end = bytes.indexOf(0x0a);
  return end > 0 && bytes[end - 1] === 0x0d;
}
