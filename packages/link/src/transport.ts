/** What a session needs of a socket: whole binary messages both ways, and two counters. */
import type { TuttiError } from '@tutti/protocol';

export interface TransportEvents {
  message(bytes: Uint8Array): void;
  /** Comes exactly once, however the end came about, and nothing comes after it. */
  ended(why: TuttiError): void;
}

export interface Transport {
  /** Events before this call are kept, not lost; none comes before this call has returned. */
  start(events: TransportEvents): void;
  /** Queues a message. */
  send(bytes: Uint8Array): void;
  /**
   * Queues a message of two parts; `flushed` is called when the operating system has taken it (never, if that fails). Until then
   * the payload is the transport's, which may change it.
   */
  sendData(head: Uint8Array, payload: Uint8Array, flushed: () => void): void;
  /** Says goodbye with a reason the peer can read, then closes; a peer that does not answer is cut off. */
  close(why: TuttiError): void;
  /** Bytes queued and not yet taken by the operating system. */
  readonly queued: number;
  /** Bytes ever received, parts of unfinished messages included: its growth is the sign of life. */
  readonly received: number;
  /** The peer's address and port, for messages. */
  readonly peer: string;
  /** The peer's address alone, for others to reach that machine: undefined on a Unix socket. */
  readonly remoteAddress: string | undefined;
}
