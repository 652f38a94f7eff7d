/**
 * Emits a package's type declarations so that they stand alone: no file of them refers to another package.
 *
 * A test's scripts get the SDK's types with nothing else installed; a type taken from another package would silently be
 * `any` there. So such an import is an error here that names the file: declare the type in the package itself.
 */
import { execFile } from 'node:child_process';
import { glob, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { importsOf } from './imports.ts';

const run = promisify(execFile);

/** Writes the declarations that `entry` needs below `to`, in the shape of the entry's own folder. */
export async function emitDeclarations(entry: string, to: string): Promise<void> {
  const emitted = await mkdtemp('.dist-types-');
  try {
    await compile([entry], emitted);
    const from = join(emitted, dirname(entry));
    const first = declarationOf(join(emitted, entry));
    for (const [file, text] of await reachable(first)) {
      const target = join(to, relative(from, file));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text);
    }
  } finally {
    await rm(emitted, { recursive: true, force: true });
  }
}

/**
 * The same for what programs import: with the declarations of the workspaces that its own refer to, each in its place below
 * `to`. What is marked as internal is left out. Other packages may be referred to if they are `installed`.
 */
export async function emitPackageDeclarations(
  entry: string,
  to: string,
  installed: readonly string[],
): Promise<void> {
  const emitted = await mkdtemp('.dist-types-');
  try {
    // What is found by way of node_modules is not emitted unless it is named, each by itself: which way it is found first is left to chance.
    const named = await Array.fromAsync(glob('packages/protocol/src/**/*.ts'));
    await compile([entry, ...named], emitted, { stripInternal: true });
    const from = join(emitted, 'packages');
    const first = declarationOf(join(emitted, entry));
    for (const [file, text] of await reachable(first, { workspaces: from, installed })) {
      const target = join(to, relative(from, file));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text);
    }
  } finally {
    await rm(emitted, { recursive: true, force: true });
  }
}

/** Types are checked by a gate of their own; here only the declarations are wanted, and fast. */
async function compile(entries: readonly string[], outDir: string, more: object = {}): Promise<void> {
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    noCheck: true,
    rewriteRelativeImportExtensions: true,
    rootDir: '..',
    outDir: '.',
    ...more,
  };
  const config = {
    extends: '../tsconfig.json',
    compilerOptions,
    files: entries.map((entry) => join('..', entry)),
    include: [],
  };
  await writeFile(join(outDir, 'tsconfig.json'), JSON.stringify(config));
  const tsc = resolve('node_modules/typescript/bin/tsc');
  await run(process.execPath, [tsc, '-p', outDir]).catch((error: unknown) => {
    const { stdout } = error as { stdout: string };
    throw new Error(`tsc could not emit declarations:\n${stdout}`, { cause: error });
  });
}

interface Others {
  /** Where the declarations of workspaces are. */
  readonly workspaces: string;
  readonly installed: readonly string[];
}

async function reachable(first: string, others?: Others): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const visit = async (file: string): Promise<void> => {
    if (found.has(file)) return;
    let text = await readFile(file, 'utf8');
    found.set(file, text);
    for (const { specifier } of importsOf(file, text)) {
      if (specifier.startsWith('node:')) continue;
      if (specifier.startsWith('.')) await visit(declarationOf(join(dirname(file), specifier)));
      else if (others === undefined)
        throw new Error(`${file}: its types need "${specifier}", which a test's scripts do not have`);
      else if (specifier.startsWith('@tutti/')) {
        const there = join(others.workspaces, specifier.slice('@tutti/'.length), 'src/index.d.ts');
        const path = relative(dirname(file), there).replace(/\.d\.ts$/, '.js');
        text = text.replaceAll(`'${specifier}'`, `'${path}'`).replaceAll(`"${specifier}"`, `"${path}"`);
        found.set(file, text);
        await visit(there);
      } else if (!others.installed.includes(specifier))
        throw new Error(`${file}: its types need "${specifier}", which whoever installs Tutti does not have`);
    }
  };
  await visit(first);
  return found;
}

function declarationOf(file: string): string {
  return file.replace(/\.[jt]s$/, '.d.ts');
}
