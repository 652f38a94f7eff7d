/** The TUTTI_* variables that an agent gives to a script. */
import { TuttiError } from './errors.ts';

/** @throws TuttiError USAGE outside a Tutti run */
export function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new TuttiError(
    'USAGE',
    `${name} is not set: this works only inside a script that Tutti runs (try "tutti run --local")`,
  );
}
