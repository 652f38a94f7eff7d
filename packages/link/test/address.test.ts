import { describe, expect, test } from 'vitest';
import { dialUrl, isLocal, listenAddress, unixPath } from '../src/address.ts';

describe('the address of a master', () => {
  const good: [string, string][] = [
    ['ws://lab:7777', 'ws://lab:7777/agent'],
    ['wss://lab:7777', 'wss://lab:7777/agent'],
    ['http://lab:7777', 'ws://lab:7777/agent'],
    ['https://lab', 'wss://lab/agent'],
    ['http://lab:7777/', 'ws://lab:7777/agent'],
    ['WS://lab:7777', 'ws://lab:7777/agent'],
    ['lab:7777', 'ws://lab:7777/agent'],
    ['lab.example.org:7777', 'ws://lab.example.org:7777/agent'],
    ['192.0.2.1:7777', 'ws://192.0.2.1:7777/agent'],
    ['[2001:db8::1]:7777', 'ws://[2001:db8::1]:7777/agent'],
    ['ws://[::1]:7777', 'ws://[::1]:7777/agent'],
    ['unix:/run/tutti.sock', 'ws://localhost/agent'],
  ];
  for (const [address, url] of good) {
    test(`${address} is asked as ${url}`, () => {
      expect(dialUrl(address, '/agent')).toBe(url);
      expect(dialUrl(address, '/client')).toBe(url.replace('/agent', '/client'));
    });
  }

  const bad = [
    '',
    'lab',
    'lab:',
    ':7777',
    'lab:99999',
    'lab:7777x',
    'ws://',
    'ws://lab:99999',
    'ws://lab:x',
    'ws://la b:7777',
    'ftp://lab:7777',
    'lab:7777/agent',
    'ws://lab:7777/agent',
    'ws://lab:7777/?token=x',
    'ws://lab:7777#x',
    'ws://user@lab:7777',
    'ws://user:secret@lab:7777',
    'user@lab:7777',
    '2001:db8::1:7777',
    'unix:',
    'unix://',
    'unix:/a\0b',
    `unix:/${'x'.repeat(107)}`,
    'UNIX:/run/tutti.sock',
  ];
  for (const address of bad) {
    test(`${JSON.stringify(address.slice(0, 40))} is BAD_ADDRESS`, () => {
      expect(() => dialUrl(address, '/agent')).toThrow(expect.objectContaining({ code: 'BAD_ADDRESS' }));
    });
  }
});

test('a Unix socket may have any path of 107 bytes, and other addresses have none', () => {
  expect(unixPath('unix:/run/a b:c?d#e%20')).toBe('/run/a b:c?d#e%20');
  expect(unixPath('unix:relative.sock')).toBe('relative.sock');
  expect(unixPath('unix:///run/tutti.sock')).toBe('/run/tutti.sock');
  expect(unixPath(`unix:/${'x'.repeat(106)}`)).toHaveLength(107);
  expect(() => unixPath(`unix:/${'ü'.repeat(54)}`)).toThrow('longer than 107 bytes');
  expect(unixPath('ws://unix:7777')).toBeUndefined();
});

describe('an address to listen on', () => {
  const good: [string, ReturnType<typeof listenAddress>, 'local' | 'wide'][] = [
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }, 'local'],
    ['127.9.9.9:65535', { host: '127.9.9.9', port: 65_535 }, 'local'],
    ['localhost:7777', { host: 'localhost', port: 7777 }, 'local'],
    ['[::1]:7777', { host: '::1', port: 7777 }, 'local'],
    ['unix:/run/tutti.sock', { path: '/run/tutti.sock' }, 'local'],
    ['unix:///run/tutti.sock', { path: '/run/tutti.sock' }, 'local'],
    ['0.0.0.0:7777', { host: '0.0.0.0', port: 7777 }, 'wide'],
    ['[::]:7777', { host: '::', port: 7777 }, 'wide'],
    ['lab.example.org:7777', { host: 'lab.example.org', port: 7777 }, 'wide'],
    // A name that only looks like the loopback network.
    ['127.example.org:7777', { host: '127.example.org', port: 7777 }, 'wide'],
    ['128.0.0.1:7777', { host: '128.0.0.1', port: 7777 }, 'wide'],
  ];
  for (const [text, address, reach] of good) {
    test(`${text} is understood, and is ${reach}`, () => {
      expect(listenAddress(text)).toEqual(address);
      expect(isLocal(address)).toBe(reach === 'local');
    });
  }

  const bad = ['', '7777', ':7777', 'lab', 'lab:', 'lab:x', 'lab:65536', 'lab:-1', '::1:7777', '[lab]:7777'];
  for (const text of [
    ...bad,
    '[::1]',
    'a b:1',
    'a/b:1',
    'ws://127.0.0.1:7777',
    'unix:',
    `unix:/${'x'.repeat(107)}`,
  ]) {
    test(`${JSON.stringify(text.slice(0, 40))} is BAD_ADDRESS`, () => {
      expect(() => listenAddress(text)).toThrow(expect.objectContaining({ code: 'BAD_ADDRESS' }));
    });
  }
});
