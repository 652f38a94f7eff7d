/**
 * Every verb as each language says it, with the request that must go out and what must come back. A new verb or option
 * gets its lines here, and with them all tests of the contract.
 */
import {
  abort,
  addr,
  barrier,
  extend,
  get,
  incr,
  keys,
  lock,
  mark,
  reboot,
  recv,
  result,
  send,
  set,
  take,
  topology,
  unlock,
} from '../src/index.ts';

export interface Spelling {
  says: string;
  call: string;
  args: Record<string, unknown>;
  /** What the agent answers. */
  answer: unknown;
  typescript: (signal: AbortSignal) => Promise<unknown>;
  /** An expression. */
  python: string;
  /** Undefined where the shell has no such thing. */
  shell: string[] | undefined;
  /** What comes out in TypeScript and Python. */
  value: unknown;
  /** What the shell prints, '' for nothing. */
  prints: string;
  /** The shell's exit status, 0 if not given. */
  status?: number;
  /** The calls that follow on the same connection. */
  follows?: string[];
}

const released = { generation: 3, rank: 1, size: 2, data: {} };
const exchange = { generation: 0, rank: 0, size: 2, data: { 'client.1': { port: 7 }, 'client.0': null } };
const topologyAnswer = {
  self: 'client.0',
  members: [
    {
      member: 'client.0',
      role: 'client',
      index: 0,
      node: 'n1',
      addresses: ['10.0.0.1'],
      params: { window: '64k', n: 2 },
    },
  ],
};
const oddKey = 'a "b" \\ ü 漢 🎼 \u2028';
const odd = `${oddKey} \t\n\u0001`;
/** As Python writes it: JSON's escapes are Python's too. */
const inPython = (text: string): string => JSON.stringify(text).replace('🎼', '\\U0001f3bc');

export const barrierReady: Spelling = {
  says: 'barrier with a name alone',
  call: 'barrier',
  args: { name: 'ready' },
  answer: released,
  typescript: (signal) => barrier('ready', { signal }),
  python: "tutti.barrier('ready')",
  shell: ['barrier', 'ready'],
  value: released,
  prints: '',
};

export const getOdd: Spelling = {
  says: 'get of text in any script',
  call: 'get',
  args: { key: oddKey },
  answer: { found: true, value: odd },
  typescript: (signal) => get(oddKey, { signal }),
  python: `tutti.get(${inPython(oddKey)})`,
  shell: ['get', oddKey],
  value: odd,
  prints: `${odd}\n`,
};

const barriers: Spelling[] = [
  barrierReady,
  {
    ...barrierReady,
    says: 'barrier of so many, with a timeout and data',
    args: { name: 'elect', count: 2, timeout: 90, data: { port: 7 } },
    answer: exchange,
    typescript: (signal) => barrier('elect', { count: 2, timeout: '1.5m', data: { port: 7 }, signal }),
    python: "tutti.barrier('elect', count=2, timeout='1.5m', data={'port': 7})",
    shell: ['barrier', 'elect', '--count', '2', '--timeout', '1.5m', '--data', '{"port": 7}', '--json'],
    value: exchange,
    prints: `${JSON.stringify(exchange)}\n`,
  },
  {
    ...barrierReady,
    says: 'barrier of roles, with text as data',
    args: { name: 'ready', roles: ['server', 'client'], timeout: 0.25, data: '12' },
    typescript: (signal) =>
      barrier('ready', { roles: ['server', 'client'], timeout: '250ms', data: '12', signal }),
    python: "tutti.barrier('ready', roles=['server', 'client'], timeout='250ms', data='12')",
    shell: [
      'barrier',
      'ready',
      '--roles',
      'server,client',
      '--timeout',
      '250ms',
      '--data-raw',
      '12',
      '--rank',
    ],
    prints: '1\n',
  },
  {
    ...barrierReady,
    says: 'barrier of members, with a bare number as timeout',
    args: { name: 'ready', members: ['client.0', 'server'], timeout: 3 },
    typescript: (signal) => barrier('ready', { members: ['client.0', 'server'], timeout: 3, signal }),
    python: "tutti.barrier('ready', members=['client.0', 'server'], timeout=3)",
    shell: ['barrier', 'ready', '--members', 'client.0,server', '--timeout', '3'],
  },
  {
    says: 'abort',
    call: 'abort',
    args: { name: 'ready', reason: 'no disk' },
    answer: {},
    typescript: () => abort('ready', 'no disk'),
    python: "tutti.abort('ready', 'no disk')",
    shell: ['barrier', 'ready', '--abort', 'no disk'],
    value: null,
    prints: '',
  },
];

const sharedKeys: Spelling[] = [
  {
    says: 'set of a structure',
    call: 'set',
    args: { key: 'conf', value: { a: [1, null, true] } },
    answer: {},
    typescript: (signal) => set('conf', { a: [1, null, true] }, { signal }),
    python: "tutti.set('conf', {'a': [1, None, True]})",
    shell: ['set', 'conf', '{"a": [1, null, true]}'],
    value: null,
    prints: '',
  },
  {
    says: 'set of a negative number',
    call: 'set',
    args: { key: 'n', value: -4.5 },
    answer: {},
    typescript: (signal) => set('n', -4.5, { signal }),
    python: "tutti.set('n', -4.5)",
    shell: ['set', 'n', '-4.5'],
    value: null,
    prints: '',
  },
  {
    says: 'set of null',
    call: 'set',
    args: { key: 'n', value: null },
    answer: {},
    typescript: (signal) => set('n', null, { signal }),
    python: "tutti.set('n', None)",
    shell: ['set', 'n', 'null'],
    value: null,
    prints: '',
  },
  {
    says: 'set of text that is not JSON',
    call: 'set',
    args: { key: 'greeting', value: odd },
    answer: {},
    typescript: (signal) => set('greeting', odd, { signal }),
    python: `tutti.set('greeting', ${inPython(odd)})`,
    shell: ['set', 'greeting', odd],
    value: null,
    prints: '',
  },
  {
    says: 'set of text that looks like a number',
    call: 'set',
    args: { key: 'version', value: '1.10' },
    answer: {},
    typescript: (signal) => set('version', '1.10', { signal }),
    python: "tutti.set('version', '1.10')",
    shell: ['set', 'version', '1.10', '--string'],
    value: null,
    prints: '',
  },
  getOdd,
  {
    says: 'get of a structure',
    call: 'get',
    args: { key: 'conf' },
    answer: { found: true, value: { a: [1, null] } },
    typescript: (signal) => get('conf', { signal }),
    python: "tutti.get('conf')",
    shell: ['get', 'conf'],
    value: { a: [1, null] },
    prints: '{"a":[1,null]}\n',
  },
  {
    says: 'get of a key that is not set',
    call: 'get',
    args: { key: 'conf' },
    answer: { found: false, value: null },
    typescript: (signal) => get('conf', { signal }).then((value) => value ?? 'nothing'),
    python: "tutti.get('conf', default='nothing')",
    shell: ['get', 'conf'],
    value: 'nothing',
    prints: '',
    status: 1,
  },
  {
    says: 'get of a key that holds null',
    call: 'get',
    args: { key: 'conf' },
    answer: { found: true, value: null },
    typescript: (signal) => get('conf', { signal }),
    python: "tutti.get('conf', default='nothing')",
    shell: ['get', 'conf'],
    value: null,
    prints: 'null\n',
  },
  {
    says: 'get that waits',
    call: 'get',
    args: { key: 'port', wait: true, timeout: 7200 },
    answer: { found: true, value: 8080 },
    typescript: (signal) => get('port', { wait: true, timeout: '2h', signal }),
    python: "tutti.get('port', wait=True, timeout='2h')",
    shell: ['get', 'port', '--wait', '--timeout', '2h'],
    value: 8080,
    prints: '8080\n',
  },
  {
    says: 'incr',
    call: 'incr',
    args: { key: 'n' },
    answer: { value: 1 },
    typescript: (signal) => incr('n', undefined, { signal }),
    python: "tutti.incr('n')",
    shell: ['incr', 'n'],
    value: 1,
    prints: '1\n',
  },
  {
    says: 'incr by a negative number',
    call: 'incr',
    args: { key: 'n', by: -2 },
    answer: { value: -1 },
    typescript: (signal) => incr('n', -2, { signal }),
    python: "tutti.incr('n', -2)",
    shell: ['incr', 'n', '-2'],
    value: -1,
    prints: '-1\n',
  },
  {
    says: 'keys',
    call: 'keys',
    args: {},
    answer: { keys: [] },
    typescript: (signal) => keys(undefined, { signal }),
    python: 'tutti.keys()',
    shell: ['keys'],
    value: [],
    prints: '',
  },
  {
    says: 'keys with a prefix',
    call: 'keys',
    args: { prefix: 'port.' },
    answer: { keys: ['port.a', 'port.b c'] },
    typescript: (signal) => keys('port.', { signal }),
    python: "tutti.keys('port.')",
    shell: ['keys', 'port.'],
    value: ['port.a', 'port.b c'],
    prints: 'port.a\nport.b c\n',
  },
];

export const takeJob: Spelling = {
  says: 'take',
  call: 'take',
  args: { topic: 'jobs' },
  answer: { found: true, offset: 3, data: { n: 1 } },
  typescript: (signal) => take('jobs', { signal }),
  python: "tutti.take('jobs')",
  shell: ['take', 'jobs'],
  value: { offset: 3, data: { n: 1 } },
  prints: '{"n":1}\n',
  follows: ['hold', 'ack'],
};

const nothing = { found: false, offset: 4, data: null };

const topics: Spelling[] = [
  {
    says: 'send of a structure',
    call: 'send',
    args: { topic: 'jobs', data: { n: [1, null] } },
    answer: { offset: 0 },
    typescript: (signal) => send('jobs', { n: [1, null] }, { signal }),
    python: "tutti.send('jobs', {'n': [1, None]})",
    shell: ['send', 'jobs', '{"n": [1, null]}'],
    value: 0,
    prints: '0\n',
  },
  {
    says: 'send of text that looks like a number',
    call: 'send',
    args: { topic: 'log', data: '1.10' },
    answer: { offset: 12 },
    typescript: (signal) => send('log', '1.10', { signal }),
    python: "tutti.send('log', '1.10')",
    shell: ['send', 'log', '1.10', '--string'],
    value: 12,
    prints: '12\n',
  },
  {
    ...takeJob,
    says: 'recv',
    call: 'recv',
    answer: { found: true, offset: 0, data: odd },
    typescript: (signal) => recv('jobs', { signal }),
    python: "tutti.recv('jobs')",
    shell: ['recv', 'jobs'],
    value: { offset: 0, data: odd },
    prints: `${odd}\n`,
  },
  {
    ...takeJob,
    says: 'recv with a timeout',
    call: 'recv',
    args: { topic: 'jobs', timeout: 30 },
    typescript: (signal) => recv('jobs', { timeout: '30s', signal }),
    python: "tutti.recv('jobs', timeout='30s')",
    shell: ['recv', 'jobs', '--timeout', '30s', '--json'],
    prints: '{"offset":3,"data":{"n":1}}\n',
  },
  {
    ...takeJob,
    says: 'recv from an offset, which has nothing to acknowledge',
    call: 'recv',
    args: { topic: 'jobs', from: 3 },
    typescript: (signal) => recv('jobs', { from: 3, signal }),
    python: "tutti.recv('jobs', from_=3)",
    shell: ['recv', 'jobs', '--from', '3'],
    follows: [],
  },
  {
    ...takeJob,
    says: 'recv that does not wait, of nothing',
    call: 'recv',
    args: { topic: 'jobs', wait: false },
    answer: nothing,
    typescript: (signal) => recv('jobs', { wait: false, signal }),
    python: "tutti.recv('jobs', wait=False)",
    shell: ['recv', 'jobs', '--no-wait'],
    value: null,
    prints: '',
    status: 1,
    follows: ['hold'],
  },
  takeJob,
  {
    ...takeJob,
    says: 'take with a timeout',
    args: { topic: 'jobs', timeout: 5 },
    typescript: (signal) => take('jobs', { timeout: 5, signal }),
    python: "tutti.take('jobs', timeout=5)",
    shell: ['take', 'jobs', '--timeout', '5'],
  },
  {
    ...takeJob,
    says: 'take that does not wait',
    args: { topic: 'jobs', wait: false },
    typescript: (signal) => take('jobs', { wait: false, signal }),
    python: "tutti.take('jobs', wait=False)",
    shell: ['take', 'jobs', '--no-wait'],
  },
];

const locks: Spelling[] = [
  {
    says: 'lock',
    call: 'lock',
    args: { name: 'disk' },
    answer: {},
    typescript: (signal) => lock('disk', { signal }),
    python: "tutti.lock('disk')",
    shell: ['lock', 'disk'],
    value: null,
    prints: '',
  },
  {
    says: 'lock with slots and a timeout',
    call: 'lock',
    args: { name: 'disk', slots: 2, timeout: 60 },
    answer: {},
    typescript: (signal) => lock('disk', { slots: 2, timeout: '1m', signal }),
    python: "tutti.lock('disk', slots=2, timeout='1m')",
    shell: ['lock', 'disk', '--slots', '2', '--timeout', '1m'],
    value: null,
    prints: '',
  },
  {
    says: 'unlock',
    call: 'unlock',
    args: { name: 'disk' },
    answer: {},
    typescript: (signal) => unlock('disk', { signal }),
    python: "tutti.unlock('disk')",
    shell: ['unlock', 'disk'],
    value: null,
    prints: '',
  },
];

const aboutTheMachine: Spelling[] = [
  {
    says: 'reboot announced by the script',
    call: 'reboot',
    args: { timeout: 300, byScript: true },
    answer: {},
    typescript: (signal) => reboot({ byScript: true, timeout: '5m', signal }),
    python: "tutti.reboot(by_script=True, timeout='5m')",
    shell: ['reboot', '--by-script', '--timeout', '5m'],
    value: null,
    prints: '',
  },
  {
    says: 'reboot of the own machine, which an agent without one refuses or never answers',
    call: 'reboot',
    args: {},
    answer: {},
    typescript: (signal) => reboot({ signal }),
    python: 'tutti.reboot()',
    shell: ['reboot'],
    value: null,
    prints: '',
  },
  {
    says: 'reboot of another member',
    call: 'reboot',
    args: { member: 'client.0' },
    answer: {},
    typescript: (signal) => reboot({ member: 'client.0', signal }),
    python: "tutti.reboot('client.0')",
    shell: ['reboot', 'client.0'],
    value: null,
    prints: '',
  },
  {
    says: 'extend',
    call: 'extend',
    args: { seconds: 600 },
    answer: { remaining: 712.5 },
    typescript: (signal) => extend('10m', { signal }),
    python: "tutti.extend('10m')",
    shell: ['extend', '10m'],
    value: 712.5,
    prints: '712.5\n',
  },
];

const aboutTheTest: Spelling[] = [
  {
    says: 'result with a status alone',
    call: 'result',
    args: { name: 'mount works', status: 'skip' },
    answer: {},
    typescript: (signal) => result('mount works', 'skip', { signal }),
    python: "tutti.result('mount works', 'skip')",
    shell: ['result', 'mount works', 'skip'],
    value: null,
    prints: '',
  },
  {
    says: 'result with all there is to say',
    call: 'result',
    args: { name: 'drift', status: 'warn', measure: -0.5, unit: 'ms', message: 'slow' },
    answer: {},
    typescript: (signal) => result('drift', 'warn', { measure: -0.5, unit: 'ms', message: 'slow', signal }),
    python: "tutti.result('drift', 'warn', measure=-0.5, unit='ms', message='slow')",
    shell: ['result', 'drift', 'warn', '--measure', '-0.5', '--unit', 'ms', '--message', 'slow'],
    value: null,
    prints: '',
  },
  {
    says: 'mark',
    call: 'mark',
    args: { name: 'database is up' },
    answer: {},
    typescript: (signal) => mark('database is up', { signal }),
    python: "tutti.mark('database is up')",
    shell: ['mark', 'database is up'],
    value: null,
    prints: '',
  },
  {
    says: 'addr gives the first address',
    call: 'addr',
    args: { member: 'client.1' },
    answer: { addresses: ['10.0.0.7', 'fd00::7'] },
    typescript: (signal) => addr('client.1', { signal }),
    python: "tutti.addr('client.1')",
    shell: ['addr', 'client.1'],
    value: '10.0.0.7',
    prints: '10.0.0.7\n',
  },
  {
    says: 'topology',
    call: 'topology',
    args: {},
    answer: topologyAnswer,
    typescript: (signal) => topology({ signal }),
    python: 'tutti.topology()',
    shell: undefined,
    value: topologyAnswer,
    prints: '',
  },
];

export const SPELLINGS: readonly Spelling[] = [
  ...barriers,
  ...sharedKeys,
  ...topics,
  ...locks,
  ...aboutTheMachine,
  ...aboutTheTest,
];
