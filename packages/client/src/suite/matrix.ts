/**
 * `matrix:` as the combinations of its values. Pure.
 *
 * Guarantees every combination once, in the order of the file with the last parameter changing fastest; what two
 * different combinations are called can still be the same (`1` and `"1"`), which is found out with all other names.
 */
import type { Params, ParamValue } from '@tutti/protocol';
import type { Matrix } from './fields.ts';
import { type GivenParams, typedLike } from './params.ts';

/** How many combinations there are, without making any. */
export function combinationCount(matrix: Matrix | undefined): number {
  return Object.values(matrix ?? {}).reduce((product, values) => product * values.length, 1);
}

/** Without a matrix there is one combination, of nothing. */
export function combinations(matrix: Matrix | undefined): Params[] {
  return Object.entries(matrix ?? {}).reduce<Params[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  );
}

/** `throughput[streams=4,mode=a]`. */
export function combinationName(test: string, combination: Params): string {
  const parts = Object.entries(combination).map(([name, value]) => `${name}=${value}`);
  return parts.length === 0 ? test : `${test}[${parts.join(',')}]`;
}

/** A parameter that was given on the command line has that one value. */
export function narrowed(matrix: Matrix | undefined, given: GivenParams): Matrix | undefined {
  if (matrix === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(matrix).map(([name, values]) => {
      const text = Object.hasOwn(given, name) ? given[name] : undefined;
      return [name, text === undefined ? values : [valueOf(text, values)]];
    }),
  );
}

function valueOf(text: string, values: readonly ParamValue[]): ParamValue {
  const listed = values.find((value) => String(value) === text);
  return listed ?? typedLike(values[0] ?? '', text);
}
