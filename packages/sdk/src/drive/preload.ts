/**
 * Loaded by the agent before a driver: so that one that cannot be read, or that needs a module which is not there, says so in
 * plain words too.
 */
import { catchUncaught, endWith } from './failures/uncaught.ts';

catchUncaught((error) => endWith('', error));
