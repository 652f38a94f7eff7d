import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TuttiError } from '@tutti/protocol';
import type { Machine } from '@tutti/protocol/selector';
import { describe, expect, test } from 'vitest';
import { machineFiles, parseMachineFile, readMachineFile } from '../../src/machines/machine-file.ts';
import { powerCommands } from '../../src/machines/machine-rules.ts';
import { FACTS } from '../lab.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const machine = (name: string, labels: Record<string, string> = {}): Machine => ({
  name,
  labels,
  facts: FACTS,
});

function mistake(text: string): string {
  try {
    parseMachineFile('/etc/tutti/nodes.yaml', text);
  } catch (error) {
    expect((error as TuttiError).code).toBe('MACHINES_INVALID');
    return (error as Error).message;
  }
  throw new Error('it was taken');
}

describe('nodes.yaml', () => {
  const rules = parseMachineFile(
    '/etc/tutti/nodes.yaml',
    `
machines:
  - prepare: ./prepare.sh
    power: { cycle: ./pdu.sh cycle, back: 15m }
  - where: labels.rack == "a"
    release: { run: ./wipe.sh, timeout: 1h30m }
    power: { off: ./pdu.sh off }
  - where: name == "n1"
    prepare: { run: ./first.sh, timeout: 30 }
`,
  );

  test('has for each machine what fits it, the last word for each command', () => {
    expect(rules.of(machine('n2'))).toEqual({
      prepare: { run: './prepare.sh', timeoutMs: 300_000 },
      power: { cycle: { run: './pdu.sh cycle', timeoutMs: 300_000 }, backMs: 900_000 },
    });
    expect(rules.of(machine('n1', { rack: 'a' }))).toEqual({
      prepare: { run: './first.sh', timeoutMs: 30_000 },
      release: { run: './wipe.sh', timeoutMs: 5_400_000 },
      power: {
        cycle: { run: './pdu.sh cycle', timeoutMs: 300_000 },
        off: { run: './pdu.sh off', timeoutMs: 300_000 },
        backMs: 900_000,
      },
    });
    expect(rules.folder).toBe('/etc/tutti');
    expect(rules.longest).toBe(300_000 + 5_400_000);
  });

  test('cycles the power by off and on where it has no command for both', () => {
    const [on, off] = [
      { run: 'on', timeoutMs: 1 },
      { run: 'off', timeoutMs: 1 },
    ];
    expect(powerCommands({ power: { on, off } }, 'cycle')).toEqual([off, on]);
    expect(powerCommands({ power: { off } }, 'cycle')).toBeUndefined();
    expect(powerCommands({}, 'off')).toBeUndefined();
  });

  test('may be empty', () => {
    expect(parseMachineFile('/x/nodes.yaml', '').of(machine('n1'))).toEqual({});
  });

  test.each([
    [
      'machines:\n  - prepair: ./x.sh\n',
      '/etc/tutti/nodes.yaml:2:5: unknown key "prepair"; did you mean "prepare"?\n    - prepair: ./x.sh\n      ^',
    ],
    [
      'machines:\n  - power: { cylce: x }\n',
      '/etc/tutti/nodes.yaml:2:14: unknown key "cylce"; did you mean "cycle"?',
    ],
    [
      'machines:\n  - prepare: { run: x, timeout: soon }\n',
      '/etc/tutti/nodes.yaml:2:33: "timeout" must be a duration such as 30s, 5m or 1h30m, at most 24 days',
    ],
    ['machines:\n  - prepare: 5\n', '/etc/tutti/nodes.yaml:2:14: "prepare" must be a line of shell'],
    ['machines:\n  - prepare: ""\n', '/etc/tutti/nodes.yaml:2:14: "prepare" must be a line of shell'],
    [
      'machines:\n  - where: cpu > 2\n',
      '/etc/tutti/nodes.yaml:2:12: "where" is no selector: nothing has the name "cpu" (at character 1); did you mean "cpus"?',
    ],
    ['machines: [\n', '/etc/tutti/nodes.yaml:1:12: not valid YAML'],
    ['machines: 5\n', '/etc/tutti/nodes.yaml:1:11: "machines"'],
    ['nodes: []\n', '/etc/tutti/nodes.yaml:1:1: unknown key "nodes"'],
  ])('with a mistake is refused with its place: %j', (text, message) => {
    expect(mistake(text)).toContain(message);
  });

  test('of the state directory wins; without any there are no commands; one that cannot be read is a mistake', async () => {
    const dir = await temporaryDirectory();
    expect(machineFiles(dir, false)).toEqual([join(dir, 'nodes.yaml'), '/etc/tutti/nodes.yaml']);
    expect(machineFiles(dir, true)).toEqual([join(dir, 'nodes.yaml')]);
    const [own, other] = [join(dir, 'nodes.yaml'), join(dir, 'other.yaml')];
    expect(await readMachineFile([own, other])).not.toHaveProperty('file');
    await writeFile(other, 'machines: []');
    expect(await readMachineFile([own, other])).toMatchObject({ file: other });
    await writeFile(own, 'machines: [{ prepare: x }]');
    const { file, rules: found } = await readMachineFile([own, other]);
    expect([file, found.of(machine('n1')).prepare?.run]).toEqual([own, 'x']);
    await expect(readMachineFile([dir])).rejects.toMatchObject({ code: 'MACHINES_INVALID' });
  });
});
