export * from './follow-run.ts';
export * from './list-nodes.ts';
export * from './locate.ts';
export * from './master-client.ts';
export * from './read-report.ts';
export * from './results/fetch-results.ts';
export * from './run-at.ts';
export * from './suite/index.ts';
