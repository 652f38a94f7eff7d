import { describe, expect, test } from 'vitest';
import { nodeNames } from '../src/node-names.ts';

describe('names of machines', () => {
  test.each([
    [
      ['n1', 'n2', 'n1'],
      ['n1', 'n2'],
    ],
    [['web[1-3]'], ['web1', 'web2', 'web3']],
    [['web[08-10,20].lab'], ['web08.lab', 'web09.lab', 'web10.lab', 'web20.lab']],
    [['r[1-2]n[1-2]'], ['r1n1', 'r2n1', 'r1n2', 'r2n2']],
  ])('%j', (words, names) => {
    expect(nodeNames(words)).toEqual(names);
  });

  test.each([
    ['web[3-1]', 'write a set as web[1-8]'],
    ['web[a-b]', 'write a set as web[1-8]'],
    ['web[1-', 'no name of a machine'],
    ['web[1-99999]', 'more than 10000 machines'],
    ['a/b', '"a/b" is no name of a machine'],
  ])('%s is refused', (word, says) => {
    expect(() => nodeNames([word])).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(says) }) as Error,
    );
  });
});
