/**
 * For programs: `import { connect } from 'tutti/client'`. See docs/programs.md.
 *
 * What fails, fails with a `TuttiError`: its `code` is one of docs/errors.md.
 */
export { type ErrorCode, TuttiError } from '@tutti/protocol';
export { CommandError, type CommandResult } from './objects/command-result.ts';
export { type ConnectionEvents, type ConnectOptions, connect, type Tutti } from './objects/connect.ts';
export type { Delta } from './objects/live-set.ts';
export type {
  CommandOptions,
  Duration,
  Machine,
  UntilOptions,
  WaitOptions,
} from './objects/machine.ts';
export { GroupError, type GroupResult, type NodeGroup } from './objects/node-group.ts';
export type { Node, NodeDelta, Nodes } from './objects/nodes.ts';
export type { LogLines, LogOptions, Run } from './objects/run.ts';
export type { Member, Role, RunTest } from './objects/run-tests.ts';
export type { RunDelta, Runs } from './objects/runs.ts';
export type { StartedCommand } from './objects/started-command.ts';
export type { ChoiceOptions, RunSuiteOptions, SubmitOptions, Suite, Suites } from './objects/suites.ts';
export type { ShellOptions, Terminal, TerminalExit, TerminalOutput } from './objects/terminal.ts';
