import { describe, expect, test } from 'vitest';
import { machineSettings } from '../src/commands/machine-settings.ts';

const nothing = { rebootCommands: undefined, bootId: undefined, limits: {} };

test('without settings everything is as the agent has it', () => {
  expect(machineSettings({}, {})).toEqual(nothing);
  expect(machineSettings({}, { TUTTI_CONF_ORPHAN: '' })).toEqual(nothing);
});

test('a flag wins over the environment, and each has its unit', () => {
  const env = {
    TUTTI_CONF_REBOOT_COMMAND: 'ipmitool power cycle',
    TUTTI_CONF_BOOT_ID: 'b',
    TUTTI_CONF_ORPHAN: '10m',
    TUTTI_CONF_KEEP_FOR: '48h',
    TUTTI_CONF_KEEP_SIZE: '100',
    TUTTI_CONF_MIN_FREE: '2.5',
  };
  expect(machineSettings({}, env)).toEqual({
    rebootCommands: ['ipmitool power cycle'],
    bootId: 'b',
    limits: { orphan: 600, keepFor: 172_800, keepBytes: 104_857_600, minFree: 0.025 },
  });
  const flags = {
    rebootCommand: 'reboot -f',
    bootId: 'c',
    orphan: '5',
    keepFor: '6',
    keepSize: '0',
    minFree: '0',
  };
  expect(machineSettings(flags, env)).toEqual({
    rebootCommands: ['reboot -f'],
    bootId: 'c',
    limits: { orphan: 5, keepFor: 6, keepBytes: 0, minFree: 0 },
  });
});

describe('a private agent', () => {
  test('never reboots by what is set for the machine', () => {
    const env = { TUTTI_CONF_REBOOT_COMMAND: 'reboot' };
    expect(machineSettings({ private: true }, env).rebootCommands).toEqual([]);
  });

  test('reboots by its own flag', () => {
    expect(machineSettings({ private: true, rebootCommand: './stand-in' }, {}).rebootCommands).toEqual([
      './stand-in',
    ]);
  });
});

test.each([
  [{ minFree: '101' }, '--min-free takes a number from 0 to 100, not "101"'],
  [{ minFree: 'all' }, '--min-free takes a number from 0 to 100, not "all"'],
  [{ keepSize: '-1' }, '--keep-size takes a number, 0 or more, not "-1"'],
  [{ bootId: 'a b' }, '--boot-id takes 1 to 128 characters without spaces, not "a b"'],
  [{ orphan: 'soon' }, '"soon" is not a duration: write seconds, or 500ms, 30s, 2m, 1h, 1m30s'],
])('%o is a mistake', (flags, message) => {
  expect(() => machineSettings(flags, {})).toThrow(
    expect.objectContaining({ code: 'USAGE', message }) as Error,
  );
});
