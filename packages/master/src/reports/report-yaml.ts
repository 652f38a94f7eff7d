/**
 * `report.yaml`: the report as people read it.
 *
 * What has parts stands in block style; what is one fact (the summary, a node, a member, a subtest, a barrier) is
 * one line, so that `grep` finds it whole. Parsing the text gives the same report again, except that times are
 * rounded to milliseconds. Keys stand in the order of the lists below, never in the order an object happens to have.
 */
import {
  Report,
  ReportAttempt,
  ReportBarrier,
  ReportMember,
  ReportSubtest,
  ReportSummary,
  ReportTest,
} from '@tutti/protocol';
import { Document, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { escapeUnprintable, yamlText } from './yaml-strings.ts';

const NODE_KEYS = ['name', ...Object.keys(Report.shape.nodes.element.shape).filter((key) => key !== 'name')];

export function reportYaml(report: Report): string {
  const document = new Document(undefined, { schema: 'core', aliasDuplicateObjects: false });
  document.contents = reportNode(report) as never;
  return escapeUnprintable(document.toString({ lineWidth: 0, doubleQuotedAsJSON: true }));
}

function reportNode(report: Report): Node {
  return block(Report.shape, report, {
    // The one plain date: a reader that knows dates may have it as one.
    started: new Scalar(report.started),
    duration: seconds(report.duration),
    summary: line(Object.keys(ReportSummary.shape), report.summary),
    nodes: list(report.nodes, (node) => line(NODE_KEYS, node)),
    tests: list(report.tests, testNode),
  });
}

function testNode(test: ReportTest): Node {
  return block(ReportTest.shape, test, {
    duration: seconds(test.duration),
    params: line(Object.keys(test.params), test.params),
    attempts: list(test.attempts, attemptNode),
  });
}

function attemptNode(attempt: ReportAttempt): Node {
  return block(ReportAttempt.shape, attempt, {
    members: list(attempt.members, (member) =>
      line(Object.keys(ReportMember.shape), { ...member, duration: milliseconds(member.duration) }),
    ),
    subtests: list(attempt.subtests, (subtest) => line(Object.keys(ReportSubtest.shape), subtest)),
    barriers: list(attempt.barriers, (barrier) =>
      line(Object.keys(ReportBarrier.shape), { ...barrier, skew: milliseconds(barrier.skew) }),
    ),
  });
}

/** A map over several lines; `parts` are the values that are more than a word. */
function block(shape: object, value: object, parts: Record<string, Node | undefined>): YAMLMap {
  const map = new YAMLMap();
  for (const key of Object.keys(shape)) {
    const item: unknown = value[key as keyof typeof value];
    if (item !== undefined) map.items.push(new Pair(new Scalar(key), parts[key] ?? scalar(item, true)));
  }
  return map;
}

/** A map on one line. */
function line(keys: readonly string[], value: object): YAMLMap {
  const map = new YAMLMap();
  map.flow = true;
  for (const key of keys) {
    const item: unknown = value[key as keyof typeof value];
    if (item !== undefined) map.items.push(new Pair(yamlText(key, false), inLine(item)));
  }
  return map;
}

function inLine(value: unknown): Node {
  if (Array.isArray(value)) {
    const items = new TightSeq();
    items.items = value.map(inLine);
    return items;
  }
  if (typeof value === 'object' && value !== null) return line(Object.keys(value), value);
  return scalar(value, false);
}

function list<T>(values: readonly T[], toNode: (value: T) => Node): YAMLSeq {
  const items = new YAMLSeq();
  items.items = values.map(toNode);
  return items;
}

function scalar(value: unknown, multiline: boolean): Scalar {
  return typeof value === 'string' ? yamlText(value, multiline) : new Scalar(value);
}

function seconds(value: number | undefined): Scalar | undefined {
  return value === undefined ? undefined : new Scalar(milliseconds(value));
}

/** Seconds to the millisecond. */
function milliseconds<T extends number | undefined>(value: T): T {
  return (value === undefined ? value : Math.round(value * 1000) / 1000) as T;
}

/** `[a, b]` beside `{ a: b }`: the library has one padding for both. */
class TightSeq extends YAMLSeq {
  override flow = true;

  override toString(...[context, onComment, onChompKeep]: Parameters<YAMLSeq['toString']>): string {
    return super.toString(context && { ...context, flowCollectionPadding: '' }, onComment, onChompKeep);
  }
}
