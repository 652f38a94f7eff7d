export { createLog } from '@tutti/link';
export * from './agent.ts';
export { REBOOT_COMMANDS } from './members/reboot-command.ts';
