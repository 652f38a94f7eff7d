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
  ReportCommand,
  ReportMark,
  ReportMember,
  ReportOmitted,
  ReportPause,
  ReportSubtest,
  ReportSummary,
  ReportTest,
  ReportWait,
} from '@tutti/protocol';
import { Document, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { PerTest } from './per-test.ts';
import { escapeUnprintable, yamlText } from './yaml-strings.ts';

const NODE_KEYS = ['name', ...Object.keys(Report.shape.nodes.element.shape).filter((key) => key !== 'name')];

/** `known`: the lines of tests that have been written before. */
export function reportYaml(report: Report, known = new PerTest<string>()): string {
  const { tests, ...head } = report;
  return [
    written(headParts(head)),
    tests.length === 0 ? 'tests: []\n' : 'tests:\n',
    ...tests.map((test) => known.of(test, () => yamlTest(test))),
  ].join('');
}

/** Its lines in the list of tests. */
export function yamlTest(test: ReportTest): string {
  return written({ tests: list([test], testNode) }).slice('tests:\n'.length);
}

function headParts(report: Omit<Report, 'tests'>): Record<string, Node | undefined> {
  return parts(Report.shape, report, {
    // The one plain date: a reader that knows dates may have it as one.
    started: new Scalar(report.started),
    duration: seconds(report.duration),
    summary: line(Object.keys(ReportSummary.shape), report.summary),
    nodes: list(report.nodes, (node) => line(NODE_KEYS, node)),
    setup: report.setup && testNode(report.setup),
    teardown: report.teardown && testNode(report.teardown),
  });
}

function testNode(test: ReportTest): Node {
  return block(ReportTest.shape, test, {
    started: seconds(test.started),
    duration: seconds(test.duration),
    tags: test.tags && inLine(test.tags),
    params: line(Object.keys(test.params), test.params),
    attempts: list(test.attempts, attemptNode),
  });
}

function attemptNode(attempt: ReportAttempt): Node {
  const { waits, marks, commands, pause, omitted } = attempt;
  return block(ReportAttempt.shape, attempt, {
    started: seconds(attempt.started),
    duration: seconds(attempt.duration),
    members: list(attempt.members, memberNode),
    subtests: list(attempt.subtests, (one) =>
      line(Object.keys(ReportSubtest.shape), rounded(one, ['at', 'duration'])),
    ),
    barriers: list(attempt.barriers, barrierNode),
    waits: waits && list(waits, (one) => line(Object.keys(ReportWait.shape), rounded(one, ['from', 'to']))),
    marks: marks && list(marks, (one) => line(Object.keys(ReportMark.shape), rounded(one, ['at']))),
    commands: commands && list(commands, commandNode),
    pause: pause && line(Object.keys(ReportPause.shape), rounded(pause, ['from', 'to'])),
    omitted: omitted && line(Object.keys(ReportOmitted.shape), omitted),
  });
}

function memberNode(member: ReportMember): Node {
  const { incarnations } = member;
  return line(Object.keys(ReportMember.shape), {
    ...rounded(member, ['started', 'ended', 'duration']),
    incarnations: incarnations?.map((one) => rounded(one, ['started', 'ended'])),
  });
}

function commandNode(command: ReportCommand): Node {
  return line(Object.keys(ReportCommand.shape), rounded(command, ['started', 'ended', 'duration']));
}

function barrierNode(barrier: ReportBarrier): Node {
  return line(Object.keys(ReportBarrier.shape), {
    ...rounded(barrier, ['skew', 'released']),
    arrivals: barrier.arrivals?.map((arrival) => rounded(arrival, ['at'])),
  });
}

function written(contents: Record<string, Node | undefined>): string {
  const document = new Document(undefined, { schema: 'core', aliasDuplicateObjects: false });
  document.contents = mapOf(contents) as never;
  return escapeUnprintable(document.toString({ lineWidth: 0, doubleQuotedAsJSON: true }));
}

/** A map over several lines; `special` are the values that are more than a word. */
function block(shape: object, value: object, special: Record<string, Node | undefined>): YAMLMap {
  return mapOf(parts(shape, value, special));
}

function parts(
  shape: object,
  value: object,
  special: Record<string, Node | undefined>,
): Record<string, Node | undefined> {
  const found = Object.keys(shape).flatMap((key): [string, Node][] => {
    const item: unknown = value[key as keyof typeof value];
    return item === undefined ? [] : [[key, special[key] ?? scalar(item, true)]];
  });
  return Object.fromEntries(found);
}

function mapOf(items: Record<string, Node | undefined>): YAMLMap {
  const map = new YAMLMap();
  for (const [key, node] of Object.entries(items)) map.items.push(new Pair(new Scalar(key), node));
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
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function rounded<T extends object>(value: T, times: readonly (keyof T)[]): T {
  const copy = { ...value };
  for (const key of times) {
    const time = copy[key];
    if (typeof time === 'number') copy[key] = milliseconds(time) as typeof time;
  }
  return copy;
}

/** `[a, b]` beside `{ a: b }`: the library has one padding for both. */
class TightSeq extends YAMLSeq {
  override flow = true;

  override toString(...[context, onComment, onChompKeep]: Parameters<YAMLSeq['toString']>): string {
    return super.toString(context && { ...context, flowCollectionPadding: '' }, onComment, onChompKeep);
  }
}
