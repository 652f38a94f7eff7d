import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandId, lineOf, titleOf } from '../../src/commands/command-names.ts';
import { masked } from '../../src/commands/masked.ts';
import { memberNamed } from '../../src/commands/targets.ts';
import { describeAwaited } from '../../src/commands/wait.ts';

describe('the id of a command', () => {
  it('is the same for the same request, and another for any other', () => {
    const triple = fc.tuple(fc.string(), fc.string(), fc.string());
    fc.assert(
      fc.property(triple, triple, (a, b) => {
        expect(commandId(...a)).toMatch(/^[0-9a-f]{32}$/);
        expect(commandId(...a) === commandId(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});

describe('a command in words', () => {
  it('has the name it was given, else the beginning of its first line', () => {
    expect(titleOf({ name: 'start it', command: 'x' }, [])).toBe('start it');
    expect(titleOf({ command: '\n  echo one\necho two' }, [])).toBe('echo one…');
    expect(titleOf({ command: 'x'.repeat(100) }, [])).toBe(`${'x'.repeat(60)}…`);
  });

  it('is a line as a person would type it', () => {
    expect(lineOf({ command: ['printf', '%s', 'a b', "it's", ''] }, [])).toBe(
      `printf %s 'a b' 'it'\\''s' ''`,
    );
    expect(lineOf({ command: 'y'.repeat(5000) }, [])).toHaveLength(1000);
  });

  it('shows no secret, nor a longer line of one', () => {
    const secrets = ['hunter22', 'first-line-of-a-key\nsecond-line-of-it'];
    expect(titleOf({ name: 'log in as hunter22', command: 'x' }, secrets)).toBe('log in as ********');
    expect(lineOf({ command: ['curl', '-H', 'T: hunter22', 'second-line-of-it'] }, secrets)).not.toMatch(
      /hunter|second/,
    );
    fc.assert(
      fc.property(
        fc.string(),
        fc.string({ minLength: 4 }).filter((secret) => !secret.includes('*')),
        (text, secret) => {
          expect(masked(`${text}${secret}`, [secret])).not.toContain(secret);
        },
      ),
    );
  });
});

describe('whose machine is meant', () => {
  const members = ['db.0', 'db.1', 'client.0'].map((name) => ({ name }));
  const refusal = (name: string) => {
    try {
      return memberNamed(name, members);
    } catch (error) {
      return error;
    }
  };

  it('is a member of the test, by its name', () => {
    expect(memberNamed('db.1', members)).toBe(members[1]);
  });

  it('is told with the nearest name, or with all there are', () => {
    expect(refusal('bd.1')).toMatchObject({
      code: 'NO_SUCH_MEMBER',
      message: expect.stringMatching(/did you mean db\.1\?/) as string,
    });
    expect(refusal('elsewhere.0')).toMatchObject({
      message: expect.stringMatching(/there is db\.0, db\.1, client\.0/) as string,
    });
  });
});

it('what was waited for is named, whatever it was', () => {
  const all = [
    { is: 'port', port: 5432 },
    { is: 'port', port: 80, host: '10.0.0.1' },
    { is: 'file', path: '/run/x' },
    { is: 'log', path: 'log', pattern: 'ready' },
    { is: 'log', command: '0'.repeat(32), pattern: 'ready' },
    { is: 'unit', unit: 'sshd.service' },
  ] as const;
  expect(all.map((one) => describeAwaited(one))).toEqual([
    'nothing listened on localhost port 5432',
    'nothing listened on 10.0.0.1 port 80',
    'there was no /run/x',
    'no line of log matched "ready"',
    'no line of the command matched "ready"',
    'unit sshd.service was not active',
  ]);
});
