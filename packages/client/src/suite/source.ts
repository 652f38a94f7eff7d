/**
 * A suite file's text with its YAML structure: the plain value, and where in the text each part of it is.
 *
 * Guarantees that malformed YAML, duplicate keys and what a plain value cannot say (keys that are not
 * words, unknown tags, runaway aliases, broken Unicode) become problems with a position, never a throw.
 */
import type { ErrorCode } from '@tutti/protocol';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import type { Problem } from './problem.ts';
import { quote } from './quote.ts';

export type YamlPath = readonly (string | number)[];

export interface Remark {
  /** Points at the key instead of at its value. */
  readonly key?: boolean;
  readonly hint?: string | undefined;
  readonly code?: ErrorCode;
}

/** A document that is only a part of what it is read as. */
export interface Embedding {
  /** The text as people see it, with the document's characters at the same places. */
  readonly shown: string;
  /** Where in the whole the document stands. */
  readonly within: YamlPath;
  /** The whole, around the document's value. */
  readonly whole: (value: unknown) => unknown;
}

/** The same document five lines long could otherwise become gigabytes. */
const MAX_ALIASES = 100;
const TOO_MANY_ALIASES = 'too many aliases (*name)';

export class SuiteSource {
  readonly file: string;
  readonly #text: string;
  readonly #shown: string;
  readonly #within: YamlPath;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed | undefined;
  /** Mistakes in the notation itself. */
  readonly problems: Problem[] = [];
  /** False: the structure is not what the author meant; looking further would only confuse. */
  readonly usable: boolean = false;
  readonly value: unknown;

  constructor(file: string, text: string, embedding?: Embedding) {
    this.file = file;
    this.#text = text;
    this.#shown = embedding?.shown ?? text;
    this.#within = embedding?.within ?? [];
    try {
      this.#document = parseDocument(text, {
        lineCounter: this.#lines,
        prettyErrors: false,
        logLevel: 'error',
      });
      this.usable = this.#collectMistakes(this.#document);
      if (!this.usable) return;
      const value: unknown = this.#document.toJS({ maxAliasCount: MAX_ALIASES });
      this.value = embedding ? embedding.whole(value) : value;
    } catch (thrown) {
      // The parser recurses, and throws by design when aliases of aliases multiply.
      this.usable = false;
      const why = thrown instanceof ReferenceError ? TOO_MANY_ALIASES : 'the file is nested too deeply';
      this.problems.push(this.#at(0, 1, why, {}));
    }
  }

  /** A problem at the part of the file that `path` leads to, or as near to it as the file goes. */
  problem(path: YamlPath, message: string, remark: Remark = {}): Problem {
    const { key, value } = this.#locate(path);
    const empty = !value?.range || value.range[0] === value.range[1];
    const node = (remark.key || empty) && key?.range ? key : value;
    const [start, end] = node?.range ?? [0, 0];
    return this.#at(start, end - start, message, remark);
  }

  /** A problem inside the text at `path`, `at` characters behind its beginning; where that cannot be told, at all of it. */
  problemInside(path: YamlPath, at: number, message: string, remark: Remark = {}): Problem {
    const { value } = this.#locate(path);
    if (isScalar(value) && typeof value.value === 'string' && value.range) {
      const start = value.range[0] + (/^["']/.test(this.#text.slice(value.range[0])) ? 1 : 0);
      const text = value.value;
      // Not so in a folded block, or behind an escape.
      if (this.#text.startsWith(text, start)) {
        const offset = Math.max(0, Math.min(at, text.length - 1));
        return this.#at(start + offset, 1, message, remark);
      }
    }
    return this.problem(path, message, remark);
  }

  /** A scalar as it was typed: `1.10`, where the value is 1.1. */
  typed(path: YamlPath): string | undefined {
    const { value } = this.#locate(path);
    return isScalar(value) ? value.source : undefined;
  }

  #collectMistakes(document: Document.Parsed): boolean {
    let usable = true;
    for (const { code, pos, message } of [...document.errors, ...document.warnings]) {
      if (code === 'DUPLICATE_KEY') {
        const [typed = '', key] = /^["']?([^\s:,}"']*)/.exec(this.#text.slice(pos[0])) ?? [];
        this.problems.push(this.#at(pos[0], typed.length, `duplicate key "${key}"`, {}));
      } else {
        usable = false;
        const why =
          code === 'MULTIPLE_DOCS'
            ? 'a suite file is one document, without a second "---"'
            : `not valid YAML: ${message}`;
        this.problems.push(this.#at(pos[0], pos[1] - pos[0], why, {}));
      }
    }
    const refuse = (node: unknown, message: string) => {
      usable = false;
      const [start, end] = (isNode(node) && node.range) || [0, 0];
      this.problems.push(this.#at(start, end - start, message, {}));
    };
    let aliases = 0;
    visit(document, {
      Pair: (_, { key }) => {
        if (!isScalar(key) || key.value === '__proto__') refuse(key, 'a key must be a plain word');
      },
      Scalar: (_, node) => {
        if (typeof node.value === 'string' && !node.value.isWellFormed()) {
          refuse(node, 'this text is not valid Unicode');
        }
      },
      Alias: (_, node) => {
        aliases += 1;
        if (aliases > MAX_ALIASES) {
          refuse(node, TOO_MANY_ALIASES);
          return visit.BREAK;
        }
        if (!node.resolve(document)) refuse(node, `nothing before this is named "&${node.source}"`);
        return undefined;
      },
    });
    return usable;
  }

  #locate(path: YamlPath): { key: Node | undefined; value: Node | undefined } {
    let key: Node | undefined;
    let value: Node | undefined = this.#document?.contents ?? undefined;
    const embedded = this.#within.every((step, index) => path[index] === step);
    for (const step of embedded ? path.slice(this.#within.length) : []) {
      let next: unknown;
      if (isMap(value)) {
        const pair = value.items.findLast(
          (item) => isScalar(item.key) && keyText(item.key.value) === String(step),
        );
        if (!pair) break;
        key = isNode(pair.key) ? pair.key : undefined;
        next = pair.value;
      } else if (isSeq(value) && typeof step === 'number' && value.items[step] !== undefined) {
        key = undefined;
        next = value.items[step];
      } else break;
      if (isAlias(next) && this.#document) next = next.resolve(this.#document);
      value = isNode(next) ? next : undefined;
    }
    return { key, value };
  }

  #at(offset: number, length: number, message: string, remark: Remark): Problem {
    // What is missing at the end is shown at the last line that has anything.
    const start = Math.min(offset, this.#shown.trimEnd().length);
    const position = this.#lines.linePos(start);
    // The counter knows no line if the parser gave up at once.
    const line = Math.max(1, position.line);
    const column = Math.max(1, position.col);
    const lineEnd = this.#shown.indexOf('\n', start);
    const content = this.#shown
      .slice(start - (column - 1), lineEnd < 0 ? undefined : lineEnd)
      .replace(/\r$/, '');
    return {
      code: remark.code ?? 'SUITE_INVALID',
      file: this.file,
      line,
      column,
      message,
      quote: quote(content, line, column, length),
      hint: remark.hint,
    };
  }
}

/** The key as the plain value has it. */
function keyText(key: unknown): string {
  return typeof key === 'string' ? key : key === null ? '' : JSON.stringify(key);
}
