/**
 * `expect` itself: Vitest's, which is Jest's language on Chai. A file of its own in the bundle, with all that it needs: most scripts
 * never load it.
 */
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  customMatchers,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
} from '@vitest/expect';
import * as chai from 'chai';
import type { Expect } from './types.ts';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

const matchers = globalThis as unknown as Record<symbol, object>;
const made = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
  matchers[ASYMMETRIC_MATCHERS_OBJECT],
);
// Matchers look for it where test runners put theirs, and must not lose that of one that runs this.
if (!(GLOBAL_EXPECT in globalThis))
  Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: made, writable: true, configurable: true });
const plugin = chai.expect as unknown as { extend(expect: unknown, more: object): void };
const extend = (more: object): void => plugin.extend(made, more);
extend(customMatchers);

export const expect = Object.assign(made, { extend }) as unknown as Expect;
