/**
 * Expressions of a suite in CEL (Common Expression Language, https://cel.dev): `where`, which machines a role wants, and
 * `skip`, when a test is not run. `docs/selectors.md` is the same for people.
 *
 * Guarantees: what `checkSelector` and `checkSkip` accept compiles; what is compiled answers true or false for any
 * machine and never throws. What a machine lacks makes a comparison with it unknown; `&&` and `||` go on around
 * that where the other side decides (the specification's "Logical Operators"), and what is unknown at the end is
 * false. An expression of at most 4096 characters is done within a bounded time, since lists are not gone
 * through within one another and no regular expressions are taken.
 *
 * Not exported from the index: it brings a library that neither scripts nor agents need.
 */
import { Environment } from '@marcbachmann/cel-js';
import type { Facts, Labels, Params } from './messages/spec.ts';
import { type Refusal, refusal, wordsOf } from './selector-words.ts';

/** A machine as selectors see it. */
export interface Machine {
  name: string;
  labels: Labels;
  facts: Facts;
}

export type SelectorCheck =
  | { ok: true }
  | {
      ok: false;
      /** The character that is wrong, counted from 0; the length of the text where something is missing at its end. */
      at: number;
      message: string;
      /** What to write instead. */
      hint?: string;
    };

/** What a skip expression may name, where that is known; everything is accepted where it is not. */
export interface SkipNames {
  params?: readonly string[];
  roles?: readonly string[];
}

/** Every fact by its name in expressions, and its type in CEL. */
const FACTS = {
  addresses: 'list<string>',
  arch: 'string',
  cpus: 'int',
  kernel: 'string',
  memory: 'int',
  os: 'string',
} satisfies Record<keyof Facts, string>;

const FACT_NAMES = Object.keys(FACTS) as (keyof Facts)[];

const MACHINE: Record<string, string> = { name: 'string', labels: 'map<string, string>', ...FACTS };

const UNITS: Record<string, bigint> = { KiB: 2n ** 10n, MiB: 2n ** 20n, GiB: 2n ** 30n, TiB: 2n ** 40n };

/** Everything that a selector can name. */
export const SELECTOR_NAMES: readonly string[] = [...Object.keys(MACHINE), ...Object.keys(UNITS)];

/** A role's first machine in a skip expression: a class, so that its fields have types. */
class NodeValue {
  readonly name: string;

  constructor(machine: Machine) {
    this.name = machine.name;
    Object.assign(this, valuesOf(machine));
  }
}

const where = Object.entries(MACHINE).reduce(
  (environment, [name, type]) => environment.registerVariable(name, type),
  common(),
);

const skip = common()
  .registerType('Node', { ctor: NodeValue, fields: MACHINE })
  .registerVariable('node', 'map<string, Node>')
  .registerVariable('param', 'map<string, dyn>');

/** Whether a role's `where` can be understood. */
export function checkSelector(text: string): SelectorCheck {
  return check(where, text, SELECTOR_NAMES);
}

/** Whether a test's `skip` can be understood. */
export function checkSkip(text: string, { params, roles }: SkipNames = {}): SelectorCheck {
  return check(skip, text, ['node', 'param', ...Object.keys(UNITS)], { param: params, node: roles });
}

/** Whether a machine is one of those wanted. Throws an Error for a text that `checkSelector` refuses. */
export function compileSelector(text: string): (machine: Machine) => boolean {
  const evaluate = compile(where, text, checkSelector(text));
  return (machine) => evaluate(valuesOf(machine));
}

/**
 * Whether a test is to be skipped, by its parameters and the first machine of each role. Throws an Error for a text
 * that `checkSkip` refuses.
 */
export function compileSkip(text: string): (params: Params, nodes: ReadonlyMap<string, Machine>) => boolean {
  const evaluate = compile(skip, text, checkSkip(text));
  return (params, nodes) =>
    evaluate({
      param: new Map(Object.entries(params).map(([name, value]) => [name, exact(value)])),
      node: new Map([...nodes].map(([role, machine]) => [role, new NodeValue(machine)])),
    });
}

function common(): Environment {
  const limits = { maxAstNodes: 1000, maxDepth: 64, maxListElements: 256, maxMapEntries: 64 };
  const environment = new Environment({ limits }).registerFunction('not(bool): bool', (value) => !value);
  for (const [name, value] of Object.entries(UNITS)) environment.registerConstant(name, 'int', value);
  return environment;
}

function check(
  environment: Environment,
  text: string,
  known: readonly string[],
  keys: Record<string, readonly string[] | undefined> = {},
): SelectorCheck {
  try {
    const parsed = environment.parse(text);
    const { error, type } = parsed.check();
    const problem: Refusal | undefined =
      error === undefined
        ? refusal(parsed.ast, type, keys)
        : wordsOf(error, text, known, Object.keys(MACHINE));
    return problem === undefined ? { ok: true } : { ok: false, ...problem };
  } catch (error) {
    return { ok: false, ...wordsOf(error, text, known, Object.keys(MACHINE)) };
  }
}

function compile(
  environment: Environment,
  text: string,
  checked: SelectorCheck,
): (values: Record<string, unknown>) => boolean {
  if (!checked.ok) throw new Error(`${checked.message} (at ${checked.at} of ${text})`);
  const expression = environment.parse(text);
  expression.check();
  return (values) => {
    try {
      return expression(values) === true;
    } catch {
      // It asks for what the machine lacks: unknown, and so not true.
      return false;
    }
  };
}

function valuesOf({ name, labels, facts }: Machine): Record<string, unknown> {
  const values: Record<string, unknown> = { name, labels: new Map(Object.entries(labels)) };
  for (const fact of FACT_NAMES) values[fact] = exact(facts[fact]);
  return values;
}

/** CEL's whole numbers have 64 bits. */
function exact<T>(value: T): T | bigint {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}
