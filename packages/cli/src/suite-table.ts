/** What would run, for people: a line for each test. */
import { nodesNeeded } from '@tutti/client';
import { type PlannedSuite } from '@tutti/client/suite';
import type { TestSpec } from '@tutti/protocol';
import { fitting, oneLine } from './progress/columns.ts';
import { table } from './table.ts';

type Planned = PlannedSuite['run'];

/** `12 tests, 3 roles, at most 4 machines` */
export function summaryOf({ tests }: Planned): string {
  const roles = new Set(tests.flatMap((test) => test.roles.map(({ name }) => name)));
  return [
    counted(tests.length, 'test'),
    counted(roles.size, 'role'),
    `at most ${counted(nodesNeeded({ tests }), 'machine')}`,
  ].join(', ');
}

/** Ends with a line feed. */
export function tableOf({ tests, setup, teardown }: Planned): string {
  const head = ['TEST', 'PARAMETERS', 'ROLES', 'TAGS', 'TIMEOUT', 'SKIP'];
  const around = [
    ...(setup ? [`setup on ${rolesOf(setup)}\n`] : []),
    ...(teardown ? [`teardown on ${rolesOf(teardown)}\n`] : []),
  ];
  return [table([head, ...tests.map(row)]), ...around].join('');
}

function row(test: TestSpec): string[] {
  const params = Object.entries(test.params).map(([name, value]) => `${name}=${valueText(value)}`);
  const cells = [test.name, params.join(' '), rolesOf(test), (test.tags ?? []).join(' ')];
  return [...cells, timeText(test.timeout), skipText(test.skip)].map((cell) => (cell === '' ? '-' : cell));
}

/** As `--role` has it: `server client:2`. */
function rolesOf({ roles }: TestSpec): string {
  return roles.map(({ name, count }) => (count === 1 ? name : `${name}:${count}`)).join(' ');
}

function skipText(skip: TestSpec['skip']): string {
  if (skip === undefined) return '';
  const { when, reason } = skip;
  if (when === undefined) return short(reason ?? 'always');
  return short(reason === undefined ? `if ${when}` : `if ${when}: ${reason}`);
}

function valueText(value: string | number | boolean): string {
  const text = String(value);
  return text === '' || /[\s"]/.test(text) ? short(JSON.stringify(text)) : short(text);
}

function timeText(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [
    [Math.floor(whole / 3600), 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [Math.round(((whole % 60) + seconds - whole) * 1000) / 1000, 's'],
  ] as const;
  return parts.map(([amount, unit]) => (amount === 0 ? '' : `${amount}${unit}`)).join('');
}

const WIDEST = 60;

function short(text: string): string {
  const line = oneLine(text);
  const cut = fitting(line, WIDEST);
  return cut.length < line.length ? `${cut}…` : line;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
