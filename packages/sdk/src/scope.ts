/** Scope: the members of one attempt, or of all tests of its run. */

export type Scope = 'attempt' | 'run';

/** What every call that members share takes. */
export interface Shared {
  /** `run`: what is named is that of the whole run, for the members of all its tests. Default: `attempt`. */
  scope?: Scope | undefined;
}
