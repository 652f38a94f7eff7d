/** What the report shall say of an attempt's sync space, taken from it before it is closed. */
import type { SyncBroker } from '../sync/broker.ts';
import type { AttemptRun } from './model.ts';

/** What its members have waited for, and what they wait for now. */
export function takeWaits(model: AttemptRun, broker: SyncBroker): void {
  const waited = broker.waited(model.id);
  if (waited === undefined) return;
  model.waits = waited.waits;
  if (waited.omitted > 0) model.omitted = { ...model.omitted, waits: waited.omitted };
}

/** Its barriers that were released. */
export function takeBarriers(model: AttemptRun, broker: SyncBroker): void {
  const records = broker.records(model.id);
  if (records === undefined) return;
  model.barriers = records.all;
  const { barriers, arrivals } = records.omitted;
  if (barriers > 0) model.omitted = { ...model.omitted, barriers };
  if (arrivals > 0) model.omitted = { ...model.omitted, arrivals };
}
