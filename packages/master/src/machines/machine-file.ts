/**
 * `nodes.yaml`: which commands the master runs for which machines. Strict: what it does not know is a mistake, with its
 * place. docs/machines.md is the same for people.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { checkSelector } from '@tutti/protocol/selector';
import * as z from 'zod';
import { type Entry, MachineRules } from './machine-rules.ts';
import { readStrictYaml } from './strict-yaml.ts';

const DEFAULT_TIMEOUT_MS = 300_000;
/** Node's timers end at 2^31 ms. */
const LONGEST_MS = 24 * 86_400_000;

const UNITS_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000 };

/** `30s`, `5m`, `1h30m`; a number: seconds. In ms. */
const Duration = z.union([z.number(), z.string()]).transform((value, context) => {
  const parts = typeof value === 'number' ? [] : [...value.matchAll(/(\d+(?:\.\d+)?)([smh])/g)];
  const ms =
    typeof value === 'number'
      ? value * 1000
      : parts.map(([whole]) => whole).join('') === value
        ? parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (UNITS_MS[unit] ?? 0), 0)
        : Number.NaN;
  if (ms > 0 && ms <= LONGEST_MS) return ms;
  context.addIssue({
    code: 'custom',
    message: 'must be a duration such as 30s, 5m or 1h30m, at most 24 days',
  });
  return z.NEVER;
});

const Line = z
  .string('must be a line of shell')
  .max(65_536)
  .regex(/^[^\u0000]*\S[^\u0000]*$/, 'must be a line of shell');

const CommandObject = strict({ run: Line, timeout: Duration.optional() });

const Command = z
  .union([Line, CommandObject], { error: 'must be a line of shell, or { run, timeout }' })
  .transform((value) => {
    const { run, timeout = DEFAULT_TIMEOUT_MS } = typeof value === 'string' ? { run: value } : value;
    return { run, timeoutMs: timeout };
  });

const Where = z.string('must be a selector').superRefine((text, context) => {
  const checked = checkSelector(text);
  if (checked.ok) return;
  const hint = checked.hint === undefined ? '' : `; ${checked.hint}`;
  context.addIssue({
    code: 'custom',
    message: `is no selector: ${checked.message} (at character ${checked.at + 1})${hint}`,
  });
});

const Power = strict({
  on: Command.optional(),
  off: Command.optional(),
  cycle: Command.optional(),
  back: Duration.optional(),
}).transform(({ back, ...commands }) => ({ ...commands, ...(back === undefined ? {} : { backMs: back }) }));

const Machines = strict({
  machines: z
    .array(
      strict({
        where: Where.optional(),
        prepare: Command.optional(),
        release: Command.optional(),
        power: Power.optional(),
      }),
      'must be a list',
    )
    .optional(),
});

/** Throws `MACHINES_INVALID`. `file`: where it stands; commands run in its folder. */
export function parseMachineFile(file: string, text: string): MachineRules {
  const { machines = [] } = readStrictYaml(file, text, Machines, 'MACHINES_INVALID');
  return new MachineRules(dirname(file), machines as Entry[]);
}

/** The first of these that there is; no rules when there is none. Throws `MACHINES_INVALID`. */
export async function readMachineFile(
  candidates: readonly string[],
): Promise<{ readonly rules: MachineRules; readonly file?: string }> {
  for (const file of candidates) {
    try {
      return { rules: parseMachineFile(file, await readFile(file, 'utf8')), file };
    } catch (error) {
      if (error instanceof TuttiError) throw error;
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') {
        throw new TuttiError('MACHINES_INVALID', `${file} cannot be read: ${message}`, { cause: error });
      }
    }
  }
  return { rules: new MachineRules('/', []) };
}

/** That of the state directory wins over that of the machine, which is none of a private master's business. */
export function machineFiles(state: string, isPrivate: boolean): string[] {
  return [join(state, 'nodes.yaml'), ...(isPrivate ? [] : ['/etc/tutti/nodes.yaml'])];
}

/** Its complaint about an unknown key names the known ones, for the nearest of them to be suggested. */
function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = `known: ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known : 'must be a mapping'),
  });
}
