/** What was found on disk for staging, before any contents are read. */

interface At {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly absolute: string;
}

export type Found =
  | (At & { readonly kind: 'file'; readonly mode: number; readonly size: number })
  | (At & { readonly kind: 'dir'; readonly mode: number })
  | (At & { readonly kind: 'link'; readonly target: string });
