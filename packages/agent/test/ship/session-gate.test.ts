import { getEventListeners } from 'node:events';
import { TuttiError } from '@tutti/protocol';
import { connectedSessions, rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { SessionGate } from '../../src/ship/session-gate.ts';

const never = new AbortController().signal;
const gone = new TuttiError('NOT_CONNECTED', 'gone');

test('everybody gets the session that is open, or the next one', async () => {
  const gate = new SessionGate();
  const { dialled: first } = connectedSessions('agent');
  const waiting = [gate.session(never), gate.session(never)];
  expect(gate.waiting).toBe(2);
  gate.open(first);
  expect(await Promise.all(waiting)).toEqual([first, first]);
  expect(await gate.session(never)).toBe(first);
  expect(gate.waiting).toBe(0);
});

test('a session that has ended is not handed out', async () => {
  const gate = new SessionGate();
  const { dialled: first } = connectedSessions('agent');
  const { dialled: second } = connectedSessions('agent');
  gate.open(first);
  first.close(gone);
  const waiting = gate.session(never);
  gate.open(second);
  expect(await waiting).toBe(second);
});

test('an abort ends the wait and leaves nobody waiting', async () => {
  const gate = new SessionGate();
  const stop = new AbortController();
  const waiting = rejection(gate.session(stop.signal));
  stop.abort();
  expect(await waiting).toMatchObject({ code: 'CANCELLED' });
  expect(gate.waiting).toBe(0);
  expect(await rejection(gate.session(stop.signal))).toMatchObject({ code: 'CANCELLED' });
});

test('closed, it turns away who waits and who comes, with the first reason', async () => {
  const gate = new SessionGate();
  const waiting = rejection(gate.session(never));
  const refusal = new TuttiError('SUPERSEDED', 'another agent came');
  gate.close(refusal);
  gate.close(gone);
  expect(await waiting).toBe(refusal);
  expect(await rejection(gate.session(never))).toBe(refusal);
});

test('a signal that outlives many waits keeps no listener of theirs', async () => {
  const gate = new SessionGate();
  const { signal } = new AbortController();
  const waiting = gate.session(signal);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  gate.open(connectedSessions('agent').dialled);
  await waiting;
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
