/** `expect`, loaded when it is first used: a driver without it, and every other script, starts as fast as ever. */
import type { Expect } from './types.ts';

let loaded: Expect | undefined;

function library(): Expect {
  if (loaded !== undefined) return loaded;
  // Beside this file: in the sources, and as a bundle of its own.
  const file = import.meta.url.endsWith('.ts') ? './library.ts' : './expect.js';
  const { createRequire } = process.getBuiltinModule('node:module');
  const module = createRequire(import.meta.url)(file) as { expect: Expect };
  loaded = module.expect;
  return loaded;
}

export const expect: Expect = new Proxy((() => {}) as unknown as Expect, {
  apply: (_, self, args) => Reflect.apply(library(), self, args) as unknown,
  get: (_, name) => Reflect.get(library(), name) as unknown,
  has: (_, name) => Reflect.has(library(), name),
});
