import { describe, expect, test } from 'vitest';
import { admission, type Known } from '../../src/agents/admission.ts';

const newcomer = { agent: 'aaaaaaaa11', name: 'n1', boot: 'boot-1', peer: '10.0.0.9:5' };
const known = (more: Partial<Known>): Known => ({
  agent: 'aaaaaaaa11',
  name: 'n1',
  boot: 'boot-1',
  connected: true,
  held: false,
  peer: '10.0.0.1:7',
  ...more,
});
const other = { agent: 'bbbbbbbb22' };

describe('an agent that says hello', () => {
  test('is let in when nobody knows it', () => {
    expect(admission(newcomer, undefined, undefined)).toEqual({ decision: 'admit' });
  });

  test.for([
    ['is connected', { connected: true }],
    ['is away', { connected: false }],
    ['is away and held by a run', { connected: false, held: true }],
  ] as const)('is let in as itself, of the same boot, when its older session %s', ([, more]) => {
    expect(admission(newcomer, known(more), known(more))).toEqual({ decision: 'admit' });
  });

  test('is let in after a reboot when its older session is known to be gone', () => {
    const older = known({ boot: 'boot-0', connected: false });
    expect(admission(newcomer, older, older)).toEqual({ decision: 'admit' });
  });

  test('of another boot makes the master ask the older session, with a refusal that names both', () => {
    const older = known({ boot: 'boot-0', name: 'n7' });
    expect(admission(newcomer, older, undefined)).toMatchObject({
      decision: 'probe',
      error: {
        code: 'CLONED_IDENTITY',
        message: 'agent aaaaaaaa is alive twice: "n7" at 10.0.0.1:7 and "n1" at 10.0.0.9:5',
      },
    });
  });

  test.for([
    ['connected', { connected: true }],
    ['held by a run', { connected: false, held: true }],
  ] as const)('under a name whose other agent is %s is refused, naming both', ([, more]) => {
    expect(admission(newcomer, undefined, known({ ...other, ...more }))).toMatchObject({
      decision: 'refuse',
      error: {
        code: 'NAME_IN_USE',
        message:
          'the name "n1" is in use: agent bbbbbbbb at 10.0.0.1:7 has it, agent aaaaaaaa at 10.0.0.9:5 asks for it',
      },
    });
  });

  test('under a name whose other agent is away and idle takes its place: the machine was set up anew', () => {
    expect(admission(newcomer, undefined, known({ ...other, connected: false }))).toEqual({
      decision: 'admit',
    });
  });

  test('is let in under a new name of its own', () => {
    expect(admission(newcomer, known({ name: 'n7' }), undefined)).toEqual({ decision: 'admit' });
  });

  test('is refused a new name that another agent has', () => {
    expect(admission(newcomer, known({ name: 'n7' }), known(other))).toMatchObject({ decision: 'refuse' });
  });

  test('is refused a name in use before anybody is asked whether it lives', () => {
    const older = known({ name: 'n7', boot: 'boot-0' });
    expect(admission(newcomer, older, known(other))).toMatchObject({ error: { code: 'NAME_IN_USE' } });
  });
});
