/** What chooses the tests of a suite, as commander gives it. */
export interface SuiteFlags {
  param: string[];
  only: string[];
  skip: string[];
  tag: string[];
  skipList: string[];
  repeat?: string;
  untilFail?: boolean;
  failFast?: boolean;
  big?: boolean;
  timeout?: string;
}

/** What is to run: a suite, or roles. */
export interface ChosenFlags extends SuiteFlags {
  role: string[];
  drive?: string;
  file: string[];
  name?: string;
  notify?: string[];
  /** true: without a time. */
  pauseOnFailure?: string | true;
  waitForNodes?: boolean;
}

/** The options of `tutti run`. */
export interface RunFlags extends ChosenFlags {
  local?: boolean;
  net: string;
  master?: string;
  tokenFile?: string;
  report?: string;
  logs: boolean;
}
