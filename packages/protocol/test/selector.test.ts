import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkSelector,
  checkSkip,
  compileSelector,
  compileSkip,
  type Machine,
  SELECTOR_NAMES,
} from '../src/selector.ts';

const KNOWN = `known: ${SELECTOR_NAMES.join(', ')}`;

function machine(labels: Record<string, string>, facts: Partial<Machine['facts']> = {}): Machine {
  const usual = { addresses: ['10.0.0.7'], arch: 'x64', os: 'Debian 12', kernel: '6.1.0', cpus: 4 };
  return { name: 'n1', labels, facts: { ...usual, memory: 16 * 2 ** 30, ...facts } };
}

describe('a selector', () => {
  test.for([
    ['cpus >= 4 && "gpu" in labels', true],
    ['cpus > 4', false],
    ['cpus >= 3.5', true],
    ['labels.rack == "a"', true],
    ['labels["rack"] in ["b", "a"]', true],
    ['int(labels.slots) >= 4', true],
    ['name == "n1" && arch == "x64" && os.startsWith("Debian") && kernel.startsWith("6.")', true],
    ['memory >= 16 * GiB', true],
    ['memory > 16 * GiB', false],
    ['addresses.exists(a, a.startsWith("10."))', true],
    ['not ("rdma" in labels)', true],
    ['!("gpu" in labels)', false],
    ['cpus >= 4 // as a comment says', true],
  ] as const)('%s is %s of a machine', ([text, answer]) => {
    expect(checkSelector(text)).toEqual({ ok: true });
    expect(compileSelector(text)(machine({ gpu: '', rack: 'a', slots: '12' }))).toBe(answer);
  });

  test.for([
    ['labels.rack == "a"', false],
    ['labels.rack != "a"', false],
    ['!(labels.rack == "a")', false],
    ['not (labels.rack == "a")', false],
    ['labels.rack == "a" || cpus == 4', true],
    ['cpus == 4 || labels.rack == "a"', true],
    ['labels.rack == "a" && cpus == 4', false],
    ['!(labels.rack == "a" && cpus > 4)', true],
    ['cpus > 3 ? labels.rack == "a" : true', false],
    ['has(labels.rack)', false],
    ['!has(labels.rack) || labels.rack == "a"', true],
    ['"rack" in labels', false],
    ['labels.word.startsWith("x")', false],
    ['int(labels.words) > 3', false],
    ['labels["__proto__"] == "a"', false],
    ['"constructor" in labels', false],
  ] as const)('on a machine without the label %s is %s', ([text, answer]) => {
    expect(compileSelector(text)(machine({ words: 'many' }))).toBe(answer);
  });

  test('a fact that a machine did not tell is unknown as a missing label is', () => {
    const { kernel: _, ...facts } = machine({}).facts;
    const silent = { ...machine({}), facts: facts as Machine['facts'] };
    expect(compileSelector('kernel == "6.1.0"')(silent)).toBe(false);
    expect(compileSelector('kernel != "6.1.0"')(silent)).toBe(false);
  });

  test.for([
    ['cpu >= 4', 0, 'nothing has the name "cpu"', `did you mean "cpus"? ${KNOWN}`],
    ['name == "n1" &&\n cpuss > 3', 17, 'nothing has the name "cpuss"', `did you mean "cpus"? ${KNOWN}`],
    [
      'gpu in labels',
      0,
      'nothing has the name "gpu"',
      `${KNOWN}; a label is asked for by "gpu" in labels, or labels.gpu == "…"`,
    ],
    [
      'labels.my-own-label == "x"',
      10,
      'nothing has the name "own"',
      'in a label with a dash it is a minus: write labels["my-own-label"]',
    ],
    [
      'labels.slots >= 4',
      0,
      'a text and a number cannot stand around >=',
      'labels are texts: int(labels.slots) >= 4; numbers have no quotes: cpus >= 4',
    ],
    ['addresses == 4', 0, 'a list and a number cannot stand around ==', undefined],
    ['cpus = 4', 5, '"=" is not expected here', 'compare with =='],
    ['cpus > 3 & name == "x"', 9, '"&" is not expected here', 'use &&'],
    ['cpus > 3 and name == "x"', 9, '"and" is not expected here', 'use &&'],
    ['cpus > 3 or name == "x"', 9, '"or" is not expected here', 'use ||'],
    ['memory >= 8GiB', 10, '"8GiB" is not a number', 'multiply by the unit: 8 * GiB'],
    ['cpus >=', 7, 'it ends too early', undefined],
    ['(cpus > 3', 9, 'it ends too early', ') is missing'],
    ['cpus >= 4)', 9, '")" is not expected here', undefined],
    ['name == "x', 8, 'unterminated string', undefined],
    [' ', 0, 'there is nothing in it', 'as in cpus >= 4'],
    ['cpus', 0, 'the whole is a number, not true or false', 'compare it with something, as in cpus >= 4'],
    ['near(name)', 0, 'there is no near(string)', undefined],
    ['has(cpus)', 4, 'has(): invalid argument', 'has() asks for a label: has(labels.gpu)'],
    ['if cpus', 0, 'reserved identifier: if', undefined],
  ] as const)('%j is refused at character %d: %s', ([text, at, message, hint]) => {
    const expected = hint === undefined ? { at, message } : { at, message, hint };
    expect(checkSelector(text)).toEqual({ ok: false, ...expected });
    expect(() => compileSelector(text)).toThrow(message);
  });

  test.for([
    ['name.matches("(a+)+$")', 0, 'regular expressions are not taken'],
    ['true || (1 > 0 && kernel.matches("6"))', 18, 'regular expressions are not taken'],
    ['cel.bind(a, name + name, a == "x")', 0, 'cel.bind() is not taken'],
    ['[1].map(x, [2].map(y, y)) == [[2]]', 11, 'map() is not taken within another'],
    ['addresses.exists(a, addresses.all(b, a == b))', 20, 'all() is not taken within another'],
  ] as const)('%s could take for ever, and is refused', ([text, at, message]) => {
    expect(checkSelector(text)).toMatchObject({ ok: false, at, message });
  });

  test('never throws, whatever is asked of whatever machine', () => {
    const word = fc.constantFrom(
      ...['cpus', 'labels', 'labels.a', 'name', 'addresses', '"a"', '1', '2.5', 'true', 'GiB', '[name]'],
      ...['==', '>', 'in', '&&', '||', '!', '(', ')', '+', '-', '?', ':', '.size()', 'int(', 'not(', '"'],
    );
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 9 }),
        fc.dictionary(fc.string(), fc.string()),
        (words, labels) => {
          const text = words.join(' ');
          const checked = checkSelector(text);
          if (checked.ok) expect(compileSelector(text)(machine(labels))).toBeTypeOf('boolean');
          else expect(checked.at).toBeLessThanOrEqual(text.length);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a skip expression', () => {
  const names = { params: ['streams', 'fast'], roles: ['server', 'client'] };
  const nodes = new Map([
    ['server', machine({ rdma: '' })],
    ['client', machine({}, { cpus: 2 })],
  ]);

  test.for([
    ['not ("rdma" in node.server.labels)', false],
    ['not ("rdma" in node.client.labels)', true],
    ['node.client.cpus < 4 && param.streams > 3', true],
    ['param.streams == 4 && param.streams <= 4.5', true],
    ['param.fast', true],
    ['node.server.labels.nic == "virtio"', false],
    ['node.server.memory < 32 * GiB', true],
  ] as const)('%s is %s', ([text, answer]) => {
    expect(checkSkip(text, names)).toEqual({ ok: true });
    expect(compileSkip(text)({ streams: 4, fast: true }, nodes)).toBe(answer);
  });

  test.for([
    [
      '"rdma" in node.servr.labels',
      15,
      'the test has no role "servr"',
      'did you mean "server"? known: server, client',
    ],
    [
      'param.stream > 3',
      6,
      'the test has no parameter "stream"',
      'did you mean "streams"? known: streams, fast',
    ],
    [
      'node.server.cpu < 4',
      12,
      'a machine has no "cpu"',
      'did you mean "cpus"? known: name, labels, addresses, arch, cpus, kernel, memory, os',
    ],
    [
      'node.server.rdma == "x"',
      12,
      'a machine has no "rdma"',
      'known: name, labels, addresses, arch, cpus, kernel, memory, os; a label is asked for by ' +
        '"rdma" in node.server.labels, or node.server.labels.rdma == "…"',
    ],
    ['cpus > 3', 0, 'nothing has the name "cpus"', 'known: node, param, KiB, MiB, GiB, TiB'],
  ] as const)('%j is refused at character %d: %s', ([text, at, message, hint]) => {
    expect(checkSkip(text, names)).toEqual({ ok: false, at, message, hint });
  });

  test('takes any role and parameter while they are not known', () => {
    expect(checkSkip('node.some.cpus > 3 && param.other')).toEqual({ ok: true });
  });
});

test('docs/selectors.md tells of every name', () => {
  const page = readFileSync(new URL('../../../docs/selectors.md', import.meta.url), 'utf8');
  for (const name of SELECTOR_NAMES) expect(page).toContain(`\`${name}\``);
});
