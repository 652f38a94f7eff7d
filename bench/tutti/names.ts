/** What both processes of Tutti's side agree on without asking each other. */

export const TOKEN = 'bench';
export const SOFTWARE = 'bench';
export const MASTER = id(1);
export const ATTEMPT = id(2);

export const FACTS = {
  addresses: ['10.0.0.1', 'fe80::1'],
  os: 'Debian 12',
  kernel: '6.1.0',
  arch: 'x64',
  cpus: 4,
  memory: 8 * 1024 ** 3,
};

export function memberName(index: number): string {
  return `member.${index}`;
}

export function nodeName(index: number): string {
  return `node-${index}`;
}

export function memberId(index: number): string {
  return id(0x1_0000_0000 + index);
}

export function agentId(index: number): string {
  return id(0x2_0000_0000 + index);
}

function id(number: number): string {
  return number.toString(16).padStart(32, '0');
}
