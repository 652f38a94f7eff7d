/** Every module that a TypeScript or declaration file names, read with a real parser: comments and strings never count. */
import { parseSync, Visitor } from 'oxc-parser';

export interface Import {
  readonly specifier: string;
  /** `dynamic` loads when it is reached, `type` never loads anything by itself. */
  readonly kind: 'static' | 'dynamic' | 'type';
  readonly line: number;
}

/** @throws Error naming the file when it does not parse */
export function importsOf(file: string, text: string): Import[] {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const found: Import[] = [];
  const add = (specifier: unknown, kind: Import['kind'], at: number): void => {
    if (typeof specifier === 'string')
      found.push({ specifier, kind, line: text.slice(0, at).split('\n').length });
  };
  new Visitor({
    ImportDeclaration: (node) => {
      add(node.source.value, node.importKind === 'type' ? 'type' : 'static', node.start);
    },
    ExportNamedDeclaration: (node) => {
      add(node.source?.value, node.exportKind === 'type' ? 'type' : 'static', node.start);
    },
    ExportAllDeclaration: (node) => {
      add(node.source.value, node.exportKind === 'type' ? 'type' : 'static', node.start);
    },
    ImportExpression: (node) => {
      add(literal(node.source), 'dynamic', node.start);
    },
    TSImportType: (node) => {
      add(node.source.value, 'type', node.start);
    },
    CallExpression: (node) => {
      const callee = text.slice(node.callee.start, node.callee.end);
      if (callee === 'require' || callee === 'import.meta.resolve') {
        add(literal(node.arguments[0]), 'static', node.start);
      }
    },
  }).visit(program);
  return found;
}

/** The text of `'…'` or of a template without placeholders. */
function literal(node: unknown): unknown {
  const { type, value, quasis } = (node ?? {}) as {
    type?: string;
    value?: unknown;
    quasis?: { value: { cooked: string } }[];
  };
  if (type === 'Literal') return value;
  return type === 'TemplateLiteral' && quasis?.length === 1 ? quasis[0]?.value.cooked : undefined;
}
