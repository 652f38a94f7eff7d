/** What a bench prints on stdout: a JSON line per measurement as it comes and, for people, a table of all at the end. */

type Line = Record<string, string | number>;

export class Report {
  readonly #jsonOnly: boolean;
  readonly #lines: Line[] = [];

  constructor(jsonOnly: boolean) {
    this.#jsonOnly = jsonOnly;
  }

  line(line: Line): void {
    this.#lines.push(line);
    console.log(JSON.stringify(line));
  }

  end(): void {
    if (!this.#jsonOnly) console.log(`\n${table(this.#lines)}`);
  }
}

/** Columns as wide as their widest cell; all lines have the fields of the first. */
function table(lines: readonly Line[]): string {
  const head = Object.keys(lines[0] ?? {});
  const rows = [head, ...lines.map((line) => head.map((field) => String(line[field])))];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const show = (row: string[]) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ');
  return rows.map(show).join('\n');
}
