import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linkStaysBelow, Manifest, staysBelow, type TreeEntry, TreePath } from '../src/index.ts';

const DIGEST = '0'.repeat(64);

/** Paths of few names, so that they often meet. */
const anyPath = fc
  .array(fc.constantFrom('a', 'b', 'c', '.', '..', '', '...', '..a', ' '), { maxLength: 6 })
  .map((parts) => parts.join('/'));
const anyInside = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));

function file(path: string): TreeEntry {
  return { kind: 'file', path, mode: 0o644, size: 0, digest: DIGEST };
}

function dir(path: string): TreeEntry {
  return { kind: 'dir', path, mode: 0o755 };
}

function link(path: string, target: string): TreeEntry {
  return { kind: 'link', path, target };
}

describe('staysBelow', () => {
  test('accepts exactly the paths that mean the same place written shortest, below the root', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const place = posix.relative('/root', posix.resolve('/root', path));
        expect(staysBelow(path)).toBe(
          path !== '' && place === path && !place.startsWith('../') && place !== '..',
        );
      }),
      { numRuns: 5000 },
    );
  });

  test.each(['', '.', '..', '/', '/a', 'a/', 'a//b', './a', 'a/.', 'a/..', '../a', 'a/../b', 'a\0b', '\0'])(
    'refuses %j',
    (path) => {
      expect(staysBelow(path)).toBe(false);
      expect(TreePath.safeParse(path).success).toBe(false);
    },
  );

  test.each(['a', 'a/b', '...', '..a', 'a..', '.hidden', 'a b', '-rf', 'a\\b', '~', 'ä'])(
    'accepts %j',
    (path) => {
      expect(staysBelow(path)).toBe(true);
      expect(TreePath.safeParse(path).success).toBe(true);
    },
  );
});

describe('linkStaysBelow', () => {
  test('accepts exactly what does not climb above the root, with the climbing first', () => {
    fc.assert(
      fc.property(anyInside, anyPath, (path, target) => {
        const place = posix.resolve('/root', posix.dirname(path), target);
        // The names in a target never spell /root: who has climbed out cannot come back.
        const inside = place === '/root' || place.startsWith('/root/');
        const climbsFirst = !/(^|\/)(?!\.{0,2}(\/|$))[^/]+\/(.*\/)?\.\.(\/|$)/.test(target);
        const expected = target !== '' && !target.startsWith('/') && inside && climbsFirst;
        expect(linkStaysBelow(path, target)).toBe(expected);
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ['a', ''],
    ['a', '/'],
    ['a', '/etc/passwd'],
    ['a', '..'],
    ['a/b', '../..'],
    ['a/b', '../../root/a'],
    ['a/b', './../..'],
    ['a', 'b\0'],
    ['a', 'b/../../c'],
    ['a', 'b/..'],
  ])('refuses %j → %j', (path, target) => {
    expect(linkStaysBelow(path, target)).toBe(false);
  });

  test.each([
    ['a', 'b'],
    ['a', '.'],
    ['a/b', '..'],
    ['a/b', '../c'],
    ['a/b/c', '../../d/e'],
    ['a/b', './/../c'],
    ['a', '...'],
  ])('accepts %j → %j', (path, target) => {
    expect(linkStaysBelow(path, target)).toBe(true);
  });
});

describe('a manifest', () => {
  test.each<[string, TreeEntry[]]>([
    ['a path through a link', [link('a', 'b'), dir('b'), file('a/c')]],
    ['a path through a link, which comes later', [file('a/b/c'), link('a', 'd')]],
    ['a path through a file', [file('a'), file('a/b')]],
    ['two entries of one path', [file('a'), dir('a')]],
    ['a link out of the tree', [link('a', '../b')]],
    ['a link out of the tree through another link', [dir('a'), link('a/up', '..'), link('b', 'a/up/..')]],
    ['a path out of the tree', [file('../a')]],
    ['an absolute path', [file('/a')]],
    ['set-user-id', [{ ...file('a'), mode: 0o4755 } as TreeEntry]],
    ['a negative size', [{ ...file('a'), size: -1 } as TreeEntry]],
    ['an unknown kind', [{ kind: 'device', path: 'a' } as unknown as TreeEntry]],
  ])('refuses %s', (_what, entries) => {
    expect(Manifest.safeParse(entries).success).toBe(false);
  });

  test('accepts files, directories and links that stay inside', () => {
    const entries = [
      dir('a'),
      file('a/x'),
      dir('a/b'),
      link('a/b/up', '../x'),
      link('top', 'a/b/up'),
      file('ab'),
    ];
    expect(Manifest.parse(entries)).toEqual(entries);
  });

  test('leads nowhere outside, however its links are combined', () => {
    const anyTarget = fc
      .array(fc.constantFrom('a', 'b', 'c', '..', '.'), { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join('/'));
    const anyEntry = fc.oneof(
      { weight: 1, arbitrary: anyInside.map(dir) },
      { weight: 2, arbitrary: fc.tuple(anyInside, anyTarget).map(([path, target]) => link(path, target)) },
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.uniqueArray(anyEntry, { selector: (entry) => entry.path, maxLength: 6 }), (entries) => {
        if (!Manifest.safeParse(entries).success) return;
        accepted += 1;
        const links = new Map(
          entries.flatMap((entry) => (entry.kind === 'link' ? [[entry.path, entry.target] as const] : [])),
        );
        for (const path of links.keys()) expect(leadsOutside(path, links), path).toBe(false);
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(1000);
  });

  /** Walks as a kernel does: every link on the way is followed before the next name is looked at. */
  function leadsOutside(path: string, links: ReadonlyMap<string, string>): boolean {
    const todo = path.split('/');
    const at: string[] = [];
    for (let followed = 0; followed < 40; ) {
      const part = todo.shift();
      if (part === undefined) return false;
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (at.pop() === undefined) return true;
        continue;
      }
      const target = links.get([...at, part].join('/'));
      if (target === undefined) at.push(part);
      else {
        todo.unshift(...target.split('/'));
        followed += 1;
      }
    }
    return false; // ELOOP
  }
});
