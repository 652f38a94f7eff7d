/** A master as objects, for those in here who need more of it than programs do. */
export { CommandError, CommandResult, shortCommand } from './command-result.ts';
export { connectIn, type Tutti } from './connect.ts';
export { type Delta, LiveSet } from './live-set.ts';
export type { Machine } from './machine.ts';
export { machineAt } from './machine-at.ts';
export { GroupError, GroupResult, type NodeGroup } from './node-group.ts';
export type { Node, NodeDelta } from './nodes.ts';
export type { Run } from './run.ts';
export type { Role, RunTest } from './run-tests.ts';
export type { RunDelta } from './runs.ts';
export { StartedCommand } from './started-command.ts';
export type { RunSuiteOptions, Suite } from './suites.ts';
export type { ShellOptions, Terminal, TerminalExit } from './terminal.ts';
