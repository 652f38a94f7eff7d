/** What an agent finds out about its machine. */
import { existsSync, readFileSync } from 'node:fs';
import {
  arch,
  availableParallelism,
  type NetworkInterfaceInfo,
  networkInterfaces,
  release,
  totalmem,
  type,
} from 'node:os';
import type { Facts } from '@tutti/protocol';

export function findFacts(): Facts {
  return {
    addresses: orderAddresses(networkInterfaces(), isPhysical),
    os: osName(readText('/etc/os-release')) ?? type(),
    kernel: release(),
    arch: arch(),
    cpus: availableParallelism(),
    memory: totalmem(),
  };
}

/**
 * A machine's addresses, the most useful first: global ones of physical interfaces, then those of bridges, tunnels and
 * the like, link-local ones last (with their zone, without which they lead nowhere). Loopback is left out.
 */
export function orderAddresses(
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
  physical: (name: string) => boolean,
): string[] {
  const ranked: { address: string; rank: number }[] = [];
  for (const [name, infos] of Object.entries(interfaces)) {
    for (const info of infos ?? []) {
      if (info.internal) continue;
      const linkLocal = /^fe[89ab]/i.test(info.address) || info.address.startsWith('169.254.');
      const address = info.family === 'IPv6' && linkLocal ? `${info.address}%${name}` : info.address;
      ranked.push({ address, rank: (linkLocal ? 2 : 0) + (physical(name) ? 0 : 1) });
    }
  }
  // Sorting is stable: within a rank it stays as the machine has it.
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ address }) => address);
}

/** The name a person uses: "Debian GNU/Linux 12 (bookworm)". (Format: os-release(5)) */
export function osName(osRelease: string): string | undefined {
  const value = /^PRETTY_NAME=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*))$/m.exec(osRelease);
  const name = value?.[1]?.replace(/\\(.)/g, '$1') ?? value?.[2] ?? value?.[3];
  return name === undefined || name.trim() === '' ? undefined : name.trim();
}

/** It stands for a device; bridges, tunnels and containers' ends do not. */
function isPhysical(name: string): boolean {
  return existsSync(`/sys/class/net/${name}/device`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
