/**
 * Each file that is safe on the disk is published on the diagnostics channel `tutti.synced` as `{ path, size }`: a test that plays a
 * crashing machine may cut every file, but none below what it was told there.
 */
import { channel } from 'node:diagnostics_channel';

export const synced = channel('tutti.synced');
