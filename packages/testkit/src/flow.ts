/** How the bytes of one direction of a connection are let through: the same words for a fake and for a real one. */
export interface Flow {
  /** From now on nothing gets through: the socket is slow. */
  hold(): void;
  /** Lets that many more bytes through, of what is held. */
  pass(bytes: number): void;
  /** Lets everything through again. */
  release(): void;
  /** Bytes that the sender has handed over and that are held. */
  readonly held: number;
}
