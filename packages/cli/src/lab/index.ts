export type { LabNode } from './addresses.ts';
export type { NetKind, NetWish } from './choose-net.ts';
export { type Lab, type LabOptions, startLab } from './lab.ts';
export { reachOptions } from './layout.ts';
