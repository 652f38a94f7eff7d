/**
 * A writer of XML 1.0 that cannot produce an ill-formed document, whatever the texts.
 *
 * Characters that XML 1.0 does not admit (most control characters, lone surrogates) become U+FFFD: there is no
 * way to write them, not even escaped. Line ends and tabs in attributes are written as references, because a
 * reader turns bare ones into spaces.
 */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly children: readonly (XmlElement | Written)[] | string;
}

/** An element that is text already, with the indentation of its place. */
export interface Written {
  readonly written: string;
}

const INDENT = '  ';

/** `depth`: how many elements it will stand in. */
export function writtenAhead(one: XmlElement, depth: number): Written {
  return { written: written(one, INDENT.repeat(depth)) };
}

export function element(
  name: string,
  attributes: XmlElement['attributes'] = {},
  children: XmlElement['children'] = [],
): XmlElement {
  return { name, attributes, children };
}

export function xmlDocument(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${written(root, '')}\n`;
}

function written(one: XmlElement | Written, indent: string): string {
  if ('written' in one) return one.written;
  const { name, attributes, children } = one;
  const pairs = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const start = `${indent}<${[name, ...pairs.map(([key, value]) => `${key}="${attribute(String(value))}"`)].join(' ')}`;
  if (children.length === 0) return `${start}/>`;
  if (typeof children === 'string') return `${start}>${text(children)}</${name}>`;
  return `${start}>\n${children.map((child) => written(child, indent + INDENT)).join('\n')}\n${indent}</${name}>`;
}

const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

function text(raw: string): string {
  return raw.replace(NOT_XML, '\ufffd').replace(/[&<>"\r]/g, (character) => ENTITIES[character] ?? character);
}

function attribute(raw: string): string {
  return text(raw).replaceAll('\t', '&#9;').replaceAll('\n', '&#10;');
}
