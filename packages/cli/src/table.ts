/** Rows of text in columns as wide as their widest cell. */
import { columns } from './progress/columns.ts';

export function table(rows: readonly (readonly string[])[]): string {
  const widths =
    rows[0]?.map((_, column) => rows.reduce((most, row) => Math.max(most, columns(row[column] ?? '')), 0)) ??
    [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - columns(cell))))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
