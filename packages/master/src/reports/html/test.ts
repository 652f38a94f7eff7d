/** One test of the list: a line to see at a glance, and behind it everything. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isOk, type ReportTest } from '@tutti/protocol';
import type { FilesOf } from '../run-files.ts';
import { bounded } from '../texts.ts';
import { attemptHtml } from './attempt.ts';
import { Html, html, type Value } from './escape.ts';
import { badge, duration } from './words.ts';

const NAME = 300;
const LINE = 300;
const CAUSE = 16_000;

export interface TestHtml {
  /** What is always on the page. */
  readonly line: Html;
  /** What can be read when the line is opened: HTML, compressed (RFC 1951), in Base64. */
  readonly packed: string;
  /** Characters of that HTML. */
  readonly size: number;
}

export function testHtml(test: ReportTest, number: number | undefined, files: FilesOf): TestHtml {
  const { text } = body(test, files);
  return { line: line(test, number), packed: deflateRawSync(text).toString('base64'), size: text.length };
}

export function unpacked({ packed }: TestHtml): Html {
  return new Html(inflateRawSync(Buffer.from(packed, 'base64')).toString());
}

/** `#7` in the list, and what a link to it ends in. */
export function testId(number: number): string {
  return `test-${number}`;
}

function line(test: ReportTest, number: number | undefined): Html {
  const { name, status, cause, params, tags = [], attempts } = test;
  // What a matrix has made of it stands in its name.
  const given = Object.entries(params).map(([param, value]) => `${param}=${value}`);
  const words = [...given.filter((word) => !name.includes(word)), ...tags];
  return html`${badge(status)} <span class="no">${number === undefined ? '' : `#${number}`}</span> <span class="name">${bounded(name, NAME)}</span>${
    test.flaky ? html` <span class="flaky">flaky, ${attempts.length} attempts</span>` : retried(test)
  } ${words.length === 0 ? '' : html`<span class="words">${bounded(words.join(' '), LINE)}</span>`} <span class="time">${
    test.duration === undefined ? '' : duration(test.duration)
  }</span>${cause === undefined ? '' : html` <span class="why">${bounded(cause.split('\n', 1)[0] ?? '', LINE)}</span>`}`;
}

function retried({ attempts }: ReportTest): Value {
  return attempts.length > 1 ? html` <span class="flaky">${attempts.length} attempts</span>` : '';
}

function body(test: ReportTest, files: FilesOf): Html {
  const { cause, attempts } = test;
  // What fits into the line stands there.
  const more = cause !== undefined && (cause.includes('\n') || cause.length > LINE);
  return html`${more ? html`<p class="cause first">${bounded(cause, CAUSE)}</p>` : ''}${
    attempts.length === 0 ? html`<p class="note">No attempt was begun.</p>` : ''
  }${attempts.map((attempt, at) => {
    const inside = attemptHtml(attempt, files);
    if (attempts.length === 1) return inside;
    const open =
      at === attempts.length - 1 ||
      (attempt.status !== 'RUNNING' && !isOk(attempt.status) && attempts.length === 2);
    return html`<details class="attempt"${open ? html` open` : ''}><summary>${badge(attempt.status)} Attempt ${attempt.n}${
      attempt.duration === undefined ? '' : html` <small>${duration(attempt.duration)}</small>`
    }${attempt.cause === undefined ? '' : html` <span class="why">${bounded(attempt.cause, LINE)}</span>`}</summary>${inside}</details>`;
  })}`;
}
