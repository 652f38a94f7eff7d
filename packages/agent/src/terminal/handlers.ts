/** What the master has this agent do with terminals: the handlers of `terminalCalls`. */
import type { Handlers } from '@tutti/link';
import type { terminalCalls } from '@tutti/protocol';
import type { Terminals } from './terminals.ts';

type TerminalHandlers = Pick<Handlers<'master→agent'>, keyof typeof terminalCalls>;

export function terminalHandlers(terminals: Terminals): TerminalHandlers {
  return {
    'terminal.open': async ({ spec }) => {
      await terminals.open(spec);
      return {};
    },
    'terminal.read': async ({ terminal, from }, { signal }) =>
      (await terminals.require(terminal)).read(from, signal),
    'terminal.write': async ({ terminal, at, bytes, last }, { signal }) =>
      (await terminals.require(terminal)).write(at, Buffer.from(bytes, 'base64'), last === true, signal),
    'terminal.resize': async ({ terminal, columns, rows }) => {
      (await terminals.require(terminal)).resize({ columns, rows });
      return {};
    },
    'terminal.attend': async ({ terminal }, { signal }) => (await terminals.require(terminal)).attend(signal),
    'terminal.close': async ({ terminal }) => {
      (await terminals.find(terminal))?.close();
      return {};
    },
  };
}
