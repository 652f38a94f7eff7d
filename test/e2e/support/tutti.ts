/** All that a whole-system story needs: the real command, real daemons, what they wrote, and what is left of them. */
export { eventually } from '@tutti/testkit';
export * from './command.ts';
export * from './daemons.ts';
export * from './processes.ts';
export * from './report.ts';
export * from './temporary-directory.ts';
export * from './tools.ts';
