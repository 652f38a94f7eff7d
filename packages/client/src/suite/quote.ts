/**
 * A line of a file with carets below a part of it.
 *
 * Guarantees two lines that align in a terminal: tabs take one place, control characters cannot act on
 * the terminal, and a very long line is cut to a window around the part.
 */

const WIDEST = 110;
const BEFORE_PART = 40;

/** `column` counts from 1; `length` is cut at the line's end and is at least 1. */
export function quote(line: string, lineNumber: number, column: number, length: number): string {
  const start = column - 1 > WIDEST - BEFORE_PART ? column - 1 - BEFORE_PART : 0;
  const clipped = line.length - start > WIDEST;
  const head = start > 0 ? '…' : '';
  const text = head + harmless(line.slice(start, start + WIDEST)) + (clipped ? '…' : '');
  const indent = head.length + column - 1 - start;
  const carets = Math.max(1, Math.min(length, line.length - (column - 1), start + WIDEST - (column - 1)));
  return `${String(lineNumber).padStart(5)} | ${text}\n      | ${' '.repeat(indent)}${'^'.repeat(carets)}`;
}

function harmless(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');
}
