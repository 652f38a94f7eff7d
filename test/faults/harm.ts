/** A fault that may change a verdict, as it came about: in Unix time, in milliseconds. */
export interface Harm {
  kind: 'crash' | 'vanish';
  on: string;
  from: number;
  until: number;
}
