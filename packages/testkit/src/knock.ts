/** A client's bare session with a master, before it has said hello. */
import { type Clock, dial, Session } from '@tutti/link';
import { refuseStreams, stubEvents, stubHandlers } from './stub-handlers.ts';

export async function knock(url: string, token: string, clock: Clock) {
  const transport = await dial({ address: url, endpoint: '/client', token: () => token });
  return new Session({
    transport,
    sends: 'client→master',
    receives: 'master→client',
    handlers: stubHandlers('master→client'),
    events: stubEvents('master→client'),
    accept: refuseStreams,
    clock,
  });
}
