import { describe, expect, test } from 'vitest';
import { complete } from '../../src/repl/complete.ts';
import { liveObject } from '../../src/repl/live-object.ts';

const method = () => {
  throw new Error('nothing is called to complete');
};

const test1 = (name: string) => liveObject({ path: name, members: { view: method }, show: method });

const run = (number: string) =>
  liveObject({
    path: `runs[${number}]`,
    members: {
      report: method,
      rerun: method,
      tests: liveObject({
        path: 'tests',
        members: {},
        names: async () => ['throughput', 'streams[n=4]'],
        child: test1,
        show: method,
      }),
    },
    show: method,
  });

const root = {
  nodes: liveObject({
    path: 'nodes',
    members: { list: method, where: method },
    names: () => ['n1', 'n2', 'web-1', 'web-2'],
    words: { get: () => ['n1', 'web-1'] },
    child: (name) => {
      if (name !== 'n1') throw new Error('no such machine');
      return liveObject({ path: 'nodes.n1', members: { run: method, reboot: method }, show: method });
    },
    show: method,
  }),
  runs: liveObject({
    path: 'runs',
    members: { list: method },
    names: () => ['42', '7'],
    child: run,
    show: method,
  }),
  watch: method,
  where: method,
  mine: { a: 1 },
};

describe('Tab', () => {
  test.each([
    ['n', ['nodes'], 'n'],
    ['w', ['watch', 'where'], 'w'],
    ['1 + ru', ['runs'], 'ru'],
    ['nodes.', ['nodes.list', 'nodes.n1', 'nodes.n2', 'nodes.where'], 'nodes.'],
    ['nodes.n', ['nodes.n1', 'nodes.n2'], 'nodes.n'],
    ['await nodes.n1.re', ['nodes.n1.reboot'], 'nodes.n1.re'],
    ["nodes['we", ["nodes['web-1']", "nodes['web-2']"], "nodes['we"],
    ['nodes["web-2', ['nodes["web-2"]'], 'nodes["web-2'],
    ["nodes['n1'].r", ["nodes['n1'].reboot", "nodes['n1'].run"], "nodes['n1'].r"],
    ["nodes.get('w", ["'web-1'"], "'w"],
    ['runs[4', ['runs[42]'], 'runs[4'],
    ['runs[42].re', ['runs[42].report', 'runs[42].rerun'], 'runs[42].re'],
    ['runs[42].tests.', ['runs[42].tests.throughput'], 'runs[42].tests.'],
    ["runs[42].tests['s", ["runs[42].tests['streams[n=4]']"], "runs[42].tests['s"],
    ['runs[42].tests.throughput.v', ['runs[42].tests.throughput.view'], 'runs[42].tests.throughput.v'],
  ])('after %j offers %j', async (line, hits, of) => {
    expect(await complete(line, root)).toEqual([hits, of]);
  });

  test.each(['mine.', 'nodes.n9.', 'x', '', 'foo(', 'nodes.n1.run(', "nodes.where('c"])(
    'knows nothing of %j',
    async (line) => {
      expect(await complete(line, root)).toBeUndefined();
    },
  );
});
