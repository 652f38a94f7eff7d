export { createLog } from '@tutti/link';
export * from './master.ts';
