/** Resolves when the bytes have left, or nobody takes them any more. */
export function written(out: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  if (bytes.byteLength === 0) return Promise.resolve();
  return new Promise((resolve) => out.write(bytes, () => resolve()));
}
