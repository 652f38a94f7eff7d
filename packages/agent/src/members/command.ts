/**
 * From a script to the command that runs it.
 *
 * What can be known beforehand is refused beforehand, with a sentence that says what to do: no such file, nothing that
 * runs it, an interpreter that this machine lacks. What only the kernel knows (`#!/usr/bin/env foo`, a file system mounted
 * noexec) ends as the shell ends it: status 126 or 127 and its message on stderr.
 */
import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { FIRST_BYTES, type Interpreter, interpreterFor, type MemberSpec, TuttiError } from '@tutti/protocol';
import type { Layout } from './layout.ts';

export interface Runners {
  readonly nodePath: string;
  /** Where `python3` is looked for. */
  readonly path: string;
  /** What Node reads before a driver, so that one which cannot be read says so in plain words. */
  readonly preload: string;
}

/** Throws `SCRIPT_MISSING` or `SCRIPT_NOT_RUNNABLE`. */
export async function commandFor(spec: MemberSpec, layout: Layout, runners: Runners): Promise<string[]> {
  const { script } = spec;
  if (script.kind === 'none') throw new TuttiError('INTERNAL', `${spec.name} has no script to run`);
  if (script.kind === 'inline') {
    if (!script.text.startsWith('#!')) return ['/bin/sh', '-e', layout.script];
    const first = Buffer.from(script.text.slice(0, FIRST_BYTES));
    refuseUnrunnable('the inline script', interpreterFor('the inline script', first, true));
    await requireInterpreter('the inline script', first.toString('latin1'), spec.node);
    return [layout.script];
  }
  const path = script.kind === 'staged' ? join(layout.work, script.path) : script.path;
  const head = await readHead(path, script.path, spec.node);
  const how = interpreterFor(script.path, head, await isExecutable(path));
  refuseUnrunnable(script.path, how);
  switch (how.run) {
    case 'itself':
      await requireInterpreter(script.path, head.toString('latin1'), spec.node);
      return [path];
    case 'node':
      return [runners.nodePath, ...(spec.drives ? ['--require', runners.preload] : []), path];
    case 'python3': {
      const python = await findOnPath('python3', runners.path);
      if (python !== undefined) return [python, path];
      throw new TuttiError(
        'SCRIPT_NOT_RUNNABLE',
        `${script.path} needs python3, which ${spec.node} does not have: install it`,
      );
    }
  }
}

function refuseUnrunnable(
  shown: string,
  how: Interpreter,
): asserts how is Exclude<Interpreter, { run: 'nothing' }> {
  if (how.run === 'nothing')
    throw new TuttiError('SCRIPT_NOT_RUNNABLE', `${shown} cannot be run: ${how.why}`);
}

async function readHead(path: string, shown: string, node: string): Promise<Buffer> {
  try {
    if (!(await stat(path)).isFile())
      throw new TuttiError('SCRIPT_NOT_RUNNABLE', `${shown} on ${node} is not a file`);
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof TuttiError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TuttiError('SCRIPT_MISSING', `${shown} cannot be read on ${node}: ${why}`, { cause });
  }
}

/** The program that a first line `#!…` names is there. */
async function requireInterpreter(shown: string, head: string, node: string): Promise<void> {
  const program = /^#![ \t]*([^ \t\r\n]+)/.exec(head)?.[1];
  if (program === undefined || !isAbsolute(program) || (await isExecutable(program))) return;
  throw new TuttiError(
    'SCRIPT_NOT_RUNNABLE',
    `the first line of ${shown} names ${program}, which is no program on ${node}`,
  );
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function findOnPath(name: string, path: string): Promise<string | undefined> {
  for (const dir of path.split(':')) {
    const candidate = join(dir, name);
    if (isAbsolute(dir) && (await isExecutable(candidate))) return candidate;
  }
  return undefined;
}
