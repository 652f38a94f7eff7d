/** Tables of the page: real ones, with a caption and heads of columns. Ends of rows and cells may be left out in HTML. */
import { type Html, html } from './escape.ts';

interface Table {
  /** How it looks, in the style sheet. */
  readonly name: string;
  readonly caption: string;
  /** The heading above it says what the caption says. */
  readonly headed?: boolean;
  /** Words, or heads of their own. */
  readonly columns: readonly (string | Html)[];
  /** Each begins with `<tr>`. */
  readonly rows: readonly Html[];
  /** What is not in it. */
  readonly note?: string | undefined;
}

export function table({ name, caption, headed = false, columns, rows, note }: Table): Html {
  const heads = columns.map((column) =>
    typeof column === 'string' ? html`<th scope="col">${column}` : column,
  );
  const hidden = headed ? html` class="unseen"` : '';
  return html`<div class="scroll"><table class="${name}"><caption${hidden}>${caption}</caption>
<thead><tr>${heads}</thead>
<tbody>${rows}</tbody></table></div>${note === undefined ? '' : html`<p class="note">${note}</p>`}`;
}

/** The head of a column of numbers. */
export function numbers(column: string): Html {
  return html`<th scope="col" class="num">${column}`;
}

/** `17 more barriers are in report.yaml.`; nothing where all are shown. */
export function more(count: number, what: string): string | undefined {
  return count > 0 ? `${count} more ${what} in report.yaml.` : undefined;
}
