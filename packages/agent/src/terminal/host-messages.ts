/** What an agent and the process that holds a pty for it say to each other. */
export type ToHost =
  | {
      readonly is: 'start';
      readonly words: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string;
      readonly columns: number;
      readonly rows: number;
    }
  | { readonly is: 'resize'; readonly columns: number; readonly rows: number }
  /** Nothing is left that could write: what was written is all. */
  | { readonly is: 'finish' };

export type FromHost =
  | { readonly is: 'started'; readonly pid: number }
  | { readonly is: 'failed'; readonly message: string }
  | { readonly is: 'exited'; readonly code?: number; readonly signal?: string };
