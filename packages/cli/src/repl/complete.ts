/**
 * What the Tab key offers: the names that are there now, of machines, runs, suites and tests, and the methods of what is
 * written. Nothing is called to find out, but for names that have to be asked for.
 */
import { aboutOf } from './live-object.ts';

/** What could be written, and the part of the line that it stands for; undefined where this knows nothing of it. */
export type Completion = readonly [hits: string[], of: string] | undefined;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** `nodes.n1`, `runs[42].tests['a b']`: from its beginning to its last whole step. */
const CHAIN = String.raw`([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*|\[\d+\]|\['[^'\]]*'\]|\["[^"\]]*"\])*)`;
const BEGINS = String.raw`(?:^|[^\w$.\])'"])`;
const DOT = new RegExp(`${BEGINS}${CHAIN}\\.([A-Za-z_$][\\w$]*)?$`);
const BRACKET = new RegExp(`${BEGINS}${CHAIN}\\[('[^']*|"[^"]*|\\d*)$`);
const WORD = new RegExp(`${BEGINS}${CHAIN}\\.([A-Za-z_$][\\w$]*)\\(('[^']*|"[^"]*)$`);
const ROOT = /(?:^|[^\w$.\])'"])([A-Za-z_$][\w$]*)$/;

export async function complete(line: string, root: Readonly<Record<string, unknown>>): Promise<Completion> {
  const word = WORD.exec(line);
  if (word !== null) return completeWord(word, root);
  const bracket = BRACKET.exec(line);
  if (bracket !== null) return completeBracket(bracket, root);
  const dot = DOT.exec(line);
  if (dot !== null) return completeDot(dot, root);
  const [, begun = ''] = ROOT.exec(line) ?? [];
  const hits = Object.keys(root).filter((name) => begun !== '' && name.startsWith(begun));
  return hits.length === 0 ? undefined : [hits.toSorted(), begun];
}

async function completeDot([, chain = '', begun = '']: RegExpExecArray, root: object): Promise<Completion> {
  const about = aboutOf(resolved(chain, root));
  if (about === undefined) return undefined;
  const names = ((await about.names?.()) ?? []).filter((name) => IDENTIFIER.test(name));
  const known = [...new Set([...names, ...Object.keys(about.members)])];
  const hits = known.filter((name) => IDENTIFIER.test(name) && name.startsWith(begun)).toSorted();
  return [hits.map((name) => `${chain}.${name}`), `${chain}.${begun}`];
}

async function completeBracket(
  [, chain = '', begun = '']: RegExpExecArray,
  root: object,
): Promise<Completion> {
  const about = aboutOf(resolved(chain, root));
  if (about === undefined) return undefined;
  const names = (await about.names?.()) ?? [];
  const quote = begun.startsWith('"') ? '"' : "'";
  const written = names.map((name) =>
    /^\d+$/.test(name) && !begun.startsWith(quote) ? name : `${quote}${name}${quote}`,
  );
  const hits = written.filter((name) => name.startsWith(begun)).toSorted();
  return [hits.map((name) => `${chain}[${name}]`), `${chain}[${begun}`];
}

async function completeWord(
  [, chain = '', method = '', begun = '']: RegExpExecArray,
  root: object,
): Promise<Completion> {
  const words = await aboutOf(resolved(chain, root))?.words?.[method]?.();
  if (words === undefined) return undefined;
  const quote = begun.charAt(0);
  const hits = words.filter((word) => word.startsWith(begun.slice(1))).toSorted();
  return [hits.map((word) => `${quote}${word}${quote}`), begun];
}

/** What the chain leads to, by objects that are asked for nothing but their parts. */
function resolved(chain: string, root: object): unknown {
  const steps = chain.match(/[A-Za-z_$][\w$]*|\[\d+\]|\['[^'\]]*'\]|\["[^"\]]*"\]/g) ?? [];
  let value: unknown = root;
  for (const [at, step] of steps.entries()) {
    const name = step.replace(/^\[['"]?|['"]?\]$/g, '');
    if (at > 0 && aboutOf(value) === undefined) return undefined;
    try {
      value = (value as Record<string, unknown>)[name];
    } catch {
      return undefined;
    }
  }
  return value;
}
