/**
 * An object of the prompt: methods and values of its own, and things by their names, which come and go: `nodes.n1`,
 * `runs[42]`. It knows its names, for completion, and how people want to see it.
 */
import { inspect } from 'node:util';
import { nearest, TuttiError } from '@tutti/protocol';

export interface About {
  /** How it is written: `nodes`, `runs[42]`. */
  readonly path: string;
  /** What it can do and what it is, by name. */
  readonly members: Readonly<Record<string, unknown>>;
  /** The thing of that name; throws what is wrong with it. */
  readonly child?: (name: string) => unknown;
  /** The names of those there are. */
  readonly names?: () => readonly string[] | Promise<readonly string[]>;
  /** By method: what can be written in the quotes of its first argument. */
  readonly words?: Readonly<Record<string, () => readonly string[] | Promise<readonly string[]>>>;
  readonly show: () => string | Promise<string>;
  readonly iterate?: () => Iterator<unknown>;
}

const ABOUT = Symbol('about');

/** What the language and its tools ask of any object, to see what it is. */
const ASKED_OF_ANY = new Set([
  ...['then', 'catch', 'finally', 'toJSON', 'inspect', 'constructor', 'prototype', '__proto__'],
  ...['valueOf', 'toString', 'nodeType', 'tagName', 'asymmetricMatch', 'domain', 'stack', 'length'],
]);

export function liveObject(about: About): object {
  return new Proxy(
    // What shows values looks through proxies.
    { [inspect.custom]: () => shownAtOnce(about) },
    {
      get(target, key) {
        if (key === ABOUT) return about;
        if (key === inspect.custom) return Reflect.get(target, key) as unknown;
        if (key === Symbol.iterator) return about.iterate;
        if (typeof key === 'symbol') return undefined;
        if (Object.hasOwn(about.members, key)) return about.members[key];
        if (ASKED_OF_ANY.has(key)) return undefined;
        if (about.child !== undefined) return about.child(key);
        throw noSuchMember(about, key);
      },
      has: (_target, key) => typeof key === 'string' && Object.hasOwn(about.members, key),
      set(_target, key) {
        throw new TuttiError('USAGE', `${about.path}.${String(key)} cannot be set`);
      },
    },
  );
}

export function aboutOf(value: unknown): About | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as { [ABOUT]?: About })[ABOUT];
}

/** The methods of an object, as members: they keep what they belong to. */
export function methodsOf<T extends object>(
  owner: T,
  names: readonly (keyof T & string)[],
): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => [name, (owner[name] as (...args: never[]) => unknown).bind(owner)]),
  );
}

function noSuchMember({ path, members }: About, key: string): TuttiError {
  const meant = nearest(key, Object.keys(members));
  const hint = meant === undefined ? `it has ${Object.keys(members).join(', ')}` : `did you mean ${meant}?`;
  return new TuttiError('USAGE', `${path} has no ${key}; ${hint}`);
}

function shownAtOnce({ path, show }: About): string {
  const text = show();
  return typeof text === 'string' ? text.trimEnd() : path;
}
