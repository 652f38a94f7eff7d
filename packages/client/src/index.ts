/** What every command needs. Suites (`@tutti/client/suite`) and reports (`@tutti/client/report`) bring their parsers: apart, so that an agent has neither. */
export * from './follow-run.ts';
export * from './history.ts';
export * from './join-session.ts';
export * from './list-nodes.ts';
export * from './list-runs.ts';
export * from './locate.ts';
export * from './master-client.ts';
export * from './order-nodes.ts';
export * from './pause.ts';
export * from './read-logs.ts';
export * from './rerun-run.ts';
export * from './results/fetch-results.ts';
export * from './run-at.ts';
export * from './run-types.ts';
export { durationSeconds } from './suite/duration.ts';
export { nodesNeeded } from './suite/nodes-needed.ts';
export { watchRun } from './watch-run.ts';
