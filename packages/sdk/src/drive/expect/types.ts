/** The types of `expect`, standing alone: those of the library need packages that a test's scripts do not have. */

export interface Expect {
  /** `message` is put before what the assertion says. */
  <T>(actual: T, message?: string): Assertion<T>;
  /** Matches any value but null and undefined, any of a class, any text that contains … in `toEqual` and the like. */
  anything(): unknown;
  any(type: unknown): unknown;
  stringContaining(text: string): unknown;
  stringMatching(pattern: string | RegExp): unknown;
  objectContaining(part: object): unknown;
  arrayContaining(part: readonly unknown[]): unknown;
  closeTo(value: number, digits?: number): unknown;
  extend(matchers: Record<string, Matcher>): void;
  readonly not: Pick<Expect, 'stringContaining' | 'stringMatching' | 'objectContaining' | 'arrayContaining'>;
}

export type Matcher = (
  received: never,
  ...expected: never[]
) => { pass: boolean; message: () => string } | Promise<{ pass: boolean; message: () => string }>;

/** What can be said of a value; after `resolves` and `rejects`, of a promise, with a promise as result. */
export interface Assertion<T = unknown, R = void> {
  readonly not: Assertion<T, R>;
  readonly resolves: Assertion<Awaited<T>, Promise<void>>;
  readonly rejects: Assertion<unknown, Promise<void>>;
  toBe(expected: unknown): R;
  toEqual(expected: unknown): R;
  toStrictEqual(expected: unknown): R;
  toMatchObject(expected: object): R;
  toContain(item: unknown): R;
  toContainEqual(item: unknown): R;
  toMatch(expected: string | RegExp): R;
  toHaveLength(length: number): R;
  toHaveProperty(path: string | readonly (string | number)[], value?: unknown): R;
  toBeTruthy(): R;
  toBeFalsy(): R;
  toBeNull(): R;
  toBeUndefined(): R;
  toBeDefined(): R;
  toBeNaN(): R;
  toBeGreaterThan(than: number | bigint): R;
  toBeGreaterThanOrEqual(than: number | bigint): R;
  toBeLessThan(than: number | bigint): R;
  toBeLessThanOrEqual(than: number | bigint): R;
  toBeCloseTo(expected: number, digits?: number): R;
  toBeInstanceOf(type: unknown): R;
  toBeTypeOf(
    type: 'bigint' | 'boolean' | 'function' | 'number' | 'object' | 'string' | 'symbol' | 'undefined',
  ): R;
  toBeOneOf(values: readonly unknown[]): R;
  toSatisfy(holds: (value: T) => boolean, message?: string): R;
  toThrow(expected?: unknown): R;
}
