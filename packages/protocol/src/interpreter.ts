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

const BY_ENDING: Record<string, 'node' | 'python3'> = {
  ts: 'node',
  mts: 'node',
  js: 'node',
  mjs: 'node',
  py: 'python3',
};

/**
 * Execute permission with a first line `#!…`, or an ELF binary with it, runs by itself; otherwise the ending decides,
 * also for a file whose `#!` lacks the permission (checkouts from some systems lose it).
 */
export function interpreterFor(path: string, firstBytes: Uint8Array, executable: boolean): Interpreter {
  const hashBang = startsWith(firstBytes, [0x23, 0x21]);
  const elf = startsWith(firstBytes, [0x7f, 0x45, 0x4c, 0x46]);
  if (executable && (hashBang || elf)) return { run: 'itself' };
  const name = path.slice(path.lastIndexOf('/') + 1);
  const known = BY_ENDING[name.slice(name.lastIndexOf('.') + 1)];
  if (known !== undefined && name.includes('.') && !elf) return { run: known };
  if (hashBang)
    return { run: 'nothing', why: 'it begins with "#!" but lacks execute permission: chmod +x it' };
  if (elf) return { run: 'nothing', why: 'it is a program without execute permission: chmod +x it' };
  if (firstBytes.length === 0) return { run: 'nothing', why: 'it is empty' };
  const nameIt = 'name it .ts, .mts, .js, .mjs or .py';
  if (executable) {
    return {
      run: 'nothing',
      why: `its first line does not say what runs it: begin it with "#!/bin/sh" or the like, or ${nameIt}`,
    };
  }
  return { run: 'nothing', why: `it is not executable: chmod +x it and begin it with "#!…", or ${nameIt}` };
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}
