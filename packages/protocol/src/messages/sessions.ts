/** Pieces that others start: they gather at the master under a name, and become one run. */
import * as z from 'zod';
import { call, event } from '../entry.ts';
import { Id, Identifier, MemberName, Seconds } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { RunNumber } from './views.ts';

/** It becomes the name of the run's suite and of its test. */
export const SessionName = z
  .string()
  .max(LIMITS.name.value)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:@/+-]*$/,
    'use letters, digits and . _ : @ / + -, first a letter or a digit',
  );

/** How many members each role has in all. */
export const Expected = z
  .record(Identifier, z.number().int().min(1).max(LIMITS.sessionMembers.value))
  .refine((roles) => Object.keys(roles).length > 0, 'at least one role is expected')
  .refine(
    (roles) => Object.values(roles).reduce((sum, count) => sum + count, 0) <= LIMITS.sessionMembers.value,
    `at most ${LIMITS.sessionMembers.value} members`,
  );
export type Expected = z.infer<typeof Expected>;

/** What holds for the session as a whole. Who says one of them has to say the same as all others who do. */
export const SessionTerms = z.object({
  expect: Expected.optional().describe('who it consists of; one joiner has to say so'),
  timeout: Seconds.positive().optional().describe('how long the run may take; default 10 min'),
  grace: Seconds.optional().describe('how long a machine may be away before its piece is lost; default 30 s'),
});
export type SessionTerms = z.infer<typeof SessionTerms>;

export const sessionCalls = {
  'session.join': call({
    directions: ['client→master'],
    params: z.object({
      session: SessionName,
      /** Chosen by the joiner: asking again after a lost connection is the same joiner. */
      joiner: Id,
      /** What its machine calls itself, for messages. */
      host: z.string().max(LIMITS.name.value),
      role: Identifier,
      /** The agents it brings, one for each member: they connect with this session in their `hello`. */
      agents: z.array(Id).min(1).max(LIMITS.joinerMembers.value),
      terms: SessionTerms,
      /** How long it goes on waiting for the others. */
      patience: Seconds,
    }),
    result: z.object({
      run: RunNumber,
      /** What the members of its agents are called, in their order. */
      members: z.array(MemberName),
    }),
    idempotent: true,
    http: 'none, as the agents that a joiner brings need a WebSocket',
    doc: 'Takes places in a session, and is answered when all who are expected have joined and their run has begun. Who withdraws the call, or loses the connection before that, gives the places back.',
  }),
};

export const sessionEvents = {
  'session.changed': event({
    directions: ['master→client'],
    params: z.object({
      session: SessionName,
      /** Whom it waits for, in words. */
      waitsFor: z.string(),
    }),
    doc: 'Somebody has joined, or has left again: told to those who wait in the session.',
  }),
};
