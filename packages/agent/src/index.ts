export { createLog } from '@tutti/link';
export * from './agent.ts';
export type { OwnCommand } from './members/own-command.ts';
export { REBOOT_COMMANDS } from './members/reboot-command.ts';
