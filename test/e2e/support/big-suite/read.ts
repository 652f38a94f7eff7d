/** A run's reports as their readers see them: each read by a parser that Tutti does not use itself. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DefaultTreeAdapterTypes, parse as parseHtml } from 'parse5';
import { parse as parseYaml } from 'yaml';

type Element = DefaultTreeAdapterTypes.Element;

export interface JUnitCase {
  readonly name: string;
  readonly classname: string;
  /** The elements in it, and their messages. */
  readonly holds: readonly { readonly tag: string; readonly message: string | null }[];
}

export interface JUnit {
  readonly counts: { tests: string; failures: string; errors: string; skipped: string };
  readonly cases: readonly JUnitCase[];
}

const READ_JUNIT = `
import json, sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot().find('testsuite')
holds = lambda case: [{'tag': each.tag, 'message': each.get('message')} for each in case]
cases = [{'name': case.get('name'), 'classname': case.get('classname'), 'holds': holds(case)} for case in suite.findall('testcase')]
json.dump({'counts': {name: suite.get(name) for name in ('tests', 'failures', 'errors', 'skipped')}, 'cases': cases}, sys.stdout)
`;

/** By Python's own XML parser. */
export function readJUnit(dir: string): JUnit {
  const text = execFileSync('python3', ['-c', READ_JUNIT, join(dir, 'junit.xml')], { encoding: 'utf8' });
  return JSON.parse(text) as JUnit;
}

export interface Maloo {
  readonly Tests: readonly { readonly name: string; readonly status: string }[];
}

export function readMaloo(dir: string): Maloo {
  return parseYaml(readFileSync(join(dir, 'results.yml'), 'utf8')) as Maloo;
}

export interface PageTest {
  /** As it is written in its line. */
  readonly name: string;
  readonly status: string;
  readonly line: string;
  readonly flaky: boolean;
  readonly bad: boolean;
}

/** The tests of report.html, as a browser's parser finds them. */
export function readPage(dir: string): PageTest[] {
  const items = below(parseHtml(readFileSync(join(dir, 'report.html'), 'utf8'))).filter(
    (element) => element.tagName === 'li' && attribute(element, 'data-s') !== undefined,
  );
  return items.map((item) => {
    const elements = below(item);
    const summary = elements.find(({ tagName }) => tagName === 'summary');
    const name = elements.find((element) => attribute(element, 'class') === 'name');
    return {
      name: name ? textOf(name) : '',
      status: attribute(item, 'data-s') ?? '',
      line: summary ? textOf(summary) : '',
      flaky: attribute(item, 'data-f') === '1',
      bad: attribute(item, 'data-b') === '1',
    };
  });
}

function below(node: DefaultTreeAdapterTypes.ParentNode): Element[] {
  return node.childNodes.flatMap((child) => ('tagName' in child ? [child, ...below(child)] : []));
}

function textOf(node: DefaultTreeAdapterTypes.Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((each) => each.name === name)?.value;
}
