/** Reports as data, of a file or of a master. */
export * from './read-report.ts';
export * from './results/fetch-report.ts';
