/**
 * Whether a file can be run as it is: by its own first line `#!…`, as a binary, or by an interpreter that
 * its ending names. Pure; the caller reads the mode and the first bytes.
 */

export type Runnable = { ok: true } | { ok: false; why: string };

const ELF = [0x7f, 0x45, 0x4c, 0x46];
/** Endings that need neither `#!` nor an execute bit: the agent's own Node runs the first four, python3 the last. */
const KNOWN_ENDINGS = ['.ts', '.mts', '.js', '.mjs', '.py'];

/** How much of the file `runnable` wants to see. */
export const FIRST_BYTES = 256;

export function runnable(path: string, mode: number, firstBytes: Uint8Array): Runnable {
  const executable = (mode & 0o111) !== 0;
  const hashBang = firstBytes[0] === 0x23 && firstBytes[1] === 0x21;
  if (hashBang && endsInCarriageReturn(firstBytes)) {
    return no(
      'its first line "#!…" ends in CR LF, which Linux takes for a part of the name; save it with LF line ends',
    );
  }
  if (hashBang || ELF.every((byte, at) => firstBytes[at] === byte)) {
    return executable ? { ok: true } : no(`it has no execute bit; chmod +x ${path}`);
  }
  if (KNOWN_ENDINGS.some((ending) => path.endsWith(ending))) return { ok: true };
  const endings = KNOWN_ENDINGS.join(' ');
  if (executable)
    return no(`it has no first line "#!…", such as "#!/bin/sh", nor one of the endings ${endings}`);
  return no(
    `it has neither a first line "#!…" with an execute bit (chmod +x ${path}) nor one of the endings ${endings}`,
  );
}

function no(why: string): Runnable {
  return { ok: false, why };
}

function endsInCarriageReturn(bytes: Uint8Array): boolean {
  const end = bytes.indexOf(0x0a);
  return end > 0 && bytes[end - 1] === 0x0d;
}
