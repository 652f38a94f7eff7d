/** Where a master is: `ws://`, `wss://`, `http(s)://`, `unix:PATH` or a bare `HOST:PORT`. */
import { isIPv4, isIPv6 } from 'node:net';
import { TuttiError } from '@tutti/protocol';

export type Endpoint = '/agent' | '/client';

const WEBSOCKET_SCHEME: Record<string, string> = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  'http:': 'ws:',
  'https:': 'wss:',
};

/** The URL to ask for; on a Unix socket (`unixPath`) its host says nothing. Throws `BAD_ADDRESS`. */
export function dialUrl(address: string, endpoint: Endpoint): string {
  if (unixPath(address) !== undefined) return `ws://localhost${endpoint}`;
  const bare = /^(?:\[[^\]]*\]|[^:/?#@[\]]+):\d+$/.test(address);
  const url = URL.parse(bare ? `ws://${address}` : address);
  const scheme = url ? WEBSOCKET_SCHEME[url.protocol] : undefined;
  if (!url || scheme === undefined || url.hostname === '') {
    throw new TuttiError('BAD_ADDRESS', `"${address}" is not the address of a master`);
  }
  // Dropping them silently would dial something else than what was written.
  if (url.username + url.password + url.search + url.hash !== '' || url.pathname !== '/') {
    throw new TuttiError('BAD_ADDRESS', `"${address}" has more in it than the host and port of a master`);
  }
  return `${scheme}//${url.host}${endpoint}`;
}

/** The path of a `unix:` address, undefined for every other kind. Throws `BAD_ADDRESS`. */
export function unixPath(address: string): string | undefined {
  if (!address.startsWith('unix:')) return undefined;
  const path = address.replace(/^unix:(?:\/\/)?/, '');
  if (path === '' || path.includes('\0'))
    throw new TuttiError('BAD_ADDRESS', `"${address}" names no socket path`);
  // sun_path of unix(7) holds 108 bytes with its NUL; a longer path would be cut silently.
  if (Buffer.byteLength(path) > 107) {
    throw new TuttiError('BAD_ADDRESS', `the socket path "${path}" is longer than 107 bytes`);
  }
  return path;
}

export type ListenAddress = { host: string; port: number } | { path: string };

/** What `--listen` takes: `HOST:PORT`, `[IPv6]:PORT` or `unix:PATH`. Throws `BAD_ADDRESS`. */
export function listenAddress(text: string): ListenAddress {
  const path = unixPath(text);
  if (path !== undefined) return { path };
  const match = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  const valid = host !== undefined && port <= 65_535 && (match?.[1] === undefined || isIPv6(host));
  if (!valid) throw new TuttiError('BAD_ADDRESS', `"${text}" is neither HOST:PORT nor unix:PATH`);
  return { host, port };
}

/** Only this machine can connect there. A name other than `localhost` may resolve to anything. */
export function isLocal(address: ListenAddress): boolean {
  if ('path' in address) return true;
  const { host } = address;
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
