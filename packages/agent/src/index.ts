export { createLog } from '@tutti/link';
export * from './agent.ts';
