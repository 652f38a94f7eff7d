import type { NetworkInterfaceInfo } from 'node:os';
import { bootId } from '@tutti/link';
import { Facts } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { machineClock } from '../../src/system/clock.ts';
import { findFacts, orderAddresses, osName } from '../../src/system/facts.ts';

const info = (address: string, internal = false): NetworkInterfaceInfo =>
  ({
    address,
    internal,
    family: address.includes(':') ? 'IPv6' : 'IPv4',
    mac: '',
    netmask: '',
    cidr: null,
  }) as NetworkInterfaceInfo;

test('addresses: physical first, link-local last, loopback never', () => {
  const interfaces = {
    lo: [info('127.0.0.1', true), info('::1', true)],
    docker0: [info('172.17.0.1'), info('fe80::42')],
    eth0: [info('10.0.0.5'), info('2001:db8::5'), info('fe80::1')],
    eth1: [info('169.254.3.4'), info('192.168.1.5')],
  };
  expect(orderAddresses(interfaces, (name) => name.startsWith('eth'))).toEqual([
    '10.0.0.5',
    '2001:db8::5',
    '192.168.1.5',
    '172.17.0.1',
    'fe80::1%eth0',
    '169.254.3.4',
    'fe80::42%docker0',
  ]);
});

test('the distribution is named as it names itself', () => {
  expect(osName('NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')).toBe(
    'Debian GNU/Linux 12 (bookworm)',
  );
  expect(osName("PRETTY_NAME='Alpine Linux v3.20'\n")).toBe('Alpine Linux v3.20');
  expect(osName('PRETTY_NAME=Void\n')).toBe('Void');
  expect(osName('PRETTY_NAME="a \\"b\\""\n')).toBe('a "b"');
  expect(osName('')).toBeUndefined();
});

test('this machine’s facts are such as a master takes', () => {
  expect(Facts.parse(findFacts())).toEqual(findFacts());
  expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
  const before = machineClock.monotonicMs();
  expect(machineClock.monotonicMs()).toBeGreaterThanOrEqual(before);
});
