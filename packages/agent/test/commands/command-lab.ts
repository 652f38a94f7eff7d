/** Commands in a lab: on the machine of a driven member, or of nobody. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandSpec, MemberEnd, MemberSpec } from '@tutti/protocol';
import { inline, type Lab, randomId, until } from '../members/lab.ts';

/** A member without a script. */
export function driven(more: Partial<MemberSpec> = {}): MemberSpec {
  return inline('', { name: 'db.0', role: 'db', script: { kind: 'none' }, ...more });
}

export async function begin(lab: Lab, spec: MemberSpec): Promise<MemberSpec> {
  await lab.members.prepare(spec);
  await lab.members.start(spec.member);
  return spec;
}

let numbers = 0;

export function commandOf(
  of: MemberSpec | undefined,
  command: CommandSpec['command'],
  more: Partial<CommandSpec> = {},
): CommandSpec {
  numbers += 1;
  return {
    member: randomId(),
    master: of?.master ?? randomId(),
    ...(of === undefined ? {} : { of: of.member }),
    number: numbers,
    name: `${of?.name ?? 'n1'} cmd-${numbers} (${String(command).slice(0, 20)})`,
    node: 'n1',
    command,
    env: {},
    timeout: 60,
    ...more,
  };
}

export function directoryOf(lab: Lab, { of, member, number }: CommandSpec): string {
  return of === undefined ? lab.dir(member) : join(lab.dir(of), `cmd-${number}`);
}

export function read(lab: Lab, spec: CommandSpec, file: string): string {
  return readFileSync(join(directoryOf(lab, spec), file), 'utf8');
}

/** Starts it and waits for its end. */
export async function runCommand(lab: Lab, spec: CommandSpec): Promise<MemberEnd> {
  await lab.members.startCommand(spec);
  return lab.ended(spec.member);
}

/** Starts it and waits for its first line. */
export async function startCommand(lab: Lab, spec: CommandSpec): Promise<string> {
  await lab.members.startCommand(spec);
  await until('the command says something', () => read(lab, spec, 'stdout.0').endsWith('\n'));
  return read(lab, spec, 'stdout.0').trim();
}
