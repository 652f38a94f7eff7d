/** The options of `tutti run`, as commander gives them. */
export interface RunFlags {
  role: string[];
  param: string[];
  only: string[];
  file: string[];
  big?: boolean;
  name?: string;
  timeout?: string;
  local?: boolean;
  net: string;
  master?: string;
  tokenFile?: string;
  report?: string;
  logs: boolean;
}
