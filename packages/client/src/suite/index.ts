/** From what a person gives, a suite file, a directory, or roles on the command line, to a run that can be submitted. */
export { suiteFromRoles } from './from-roles.ts';
export { suiteJsonSchema } from './json-schema.ts';
export { loadSuite, planSuite } from './load-suite.ts';
export type { LoadedSuite, PlannedSuite, SuiteOptions } from './options.ts';
