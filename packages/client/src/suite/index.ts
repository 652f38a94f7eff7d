/** From what a person gives, a suite file or roles on the command line, to a run that can be submitted. */
export { durationSeconds } from './duration.ts';
export { suiteFromRoles } from './from-roles.ts';
export { suiteJsonSchema } from './json-schema.ts';
export { loadSuiteFile } from './load-file.ts';
export { nodesNeeded } from './nodes-needed.ts';
export type { LoadedSuite, SuiteOptions } from './options.ts';
