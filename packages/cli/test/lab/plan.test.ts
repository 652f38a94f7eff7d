import { TuttiError } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { hostNodes, namespacedNodes } from '../../src/lab/addresses.ts';
import { agentCommands, bridgeCommands } from '../../src/lab/ip-commands.ts';
import { agentArguments, baseDirectory, daemonEnvironment, masterArguments } from '../../src/lab/layout.ts';

test('agents are n1, n2, … from 10.77.0.2 on', () => {
  expect(namespacedNodes(2)).toEqual([
    { name: 'n1', address: '10.77.0.2', inet: '10.77.0.2/24', inet6: 'fd77::2/64' },
    { name: 'n2', address: '10.77.0.3', inet: '10.77.0.3/24', inet6: 'fd77::3/64' },
  ]);
});

test('beyond 250 agents the network is a /16, all addresses differ, and no host ends in .0, .1 or .255', () => {
  expect(namespacedNodes(250).at(-1)).toMatchObject({ name: 'n250', inet: '10.77.0.251/24' });
  const many = namespacedNodes(1000);
  expect(many[250]).toMatchObject({ name: 'n251', inet: '10.77.1.2/16' });
  expect(new Set(many.map(({ address }) => address)).size).toBe(1000);
  expect(new Set(many.map(({ inet6 }) => inet6)).size).toBe(1000);
  expect(many.filter(({ address }) => /\.(?:0|1|255)$/.test(address))).toEqual([]);
});

test("on the host's network every agent is 127.0.0.1", () => {
  expect(hostNodes(2)).toEqual([
    { name: 'n1', address: '127.0.0.1' },
    { name: 'n2', address: '127.0.0.1' },
  ]);
});

test("a veth pair is born with its far end in the agent's namespace", () => {
  expect(bridgeCommands([41, 42]).split('\n')).toEqual([
    'link add br0 type bridge forward_delay 0',
    'link set br0 up',
    'link add v1 type veth peer name eth0 netns 41',
    'link set v1 master br0 up',
    'link add v2 type veth peer name eth0 netns 42',
    'link set v2 master br0 up',
    '',
  ]);
});

test('IPv6 is left out where the kernel has it switched off', () => {
  const [node] = namespacedNodes(1);
  expect(agentCommands(node!, true)).toContain('addr add fd77::2/64 dev eth0 nodad\n');
  expect(agentCommands(node!, false)).not.toContain('fd77');
});

test('the command lines of master and agent', () => {
  expect(masterArguments('/tmp/x', '/home/me/tutti-results').join(' ')).toBe(
    'master --state /tmp/x/master --listen unix:/tmp/x/m.sock --runs /home/me/tutti-results --private',
  );
  expect(agentArguments('/tmp/x', { name: 'n1', address: '10.77.0.2' }).join(' ')).toBe(
    'agent --state /tmp/x/n1 --master unix:/tmp/x/m.sock --token-file /tmp/x/master/admin.token ' +
      '--name n1 --address 10.77.0.2 --label lab=local --private',
  );
});

test('sockets fit: a long system directory gives way to /tmp, a long directory that was asked for is refused', () => {
  const fits = `/${'d'.repeat(86)}`;
  expect(baseDirectory(undefined, fits)).toBe(fits);
  expect(baseDirectory(undefined, `${fits}d`)).toBe('/tmp');
  expect(baseDirectory('/srv', fits)).toBe('/srv');
  expect(() => baseDirectory(`${fits}d`, '/tmp')).toThrow(TuttiError);
  expect(() => baseDirectory(`/${'ü'.repeat(50)}`, '/tmp')).toThrow(/too long.*TMPDIR/);
});

test("daemons inherit the environment and the user's settings, not where another master or member is", () => {
  const env = {
    PATH: '/bin',
    TUTTI_CONF_LINGER: '5s',
    TUTTI_MASTER: 'ws://x',
    TUTTI_SOCKET: '/s',
    TUTTI_OUT: '/o',
  };
  expect(daemonEnvironment(env)).toEqual({ PATH: '/bin', TUTTI_CONF_LINGER: '5s' });
});
