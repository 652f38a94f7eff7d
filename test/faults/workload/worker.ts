/** As peer.sh, from one process that asks for many things at once, and writes much. */
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { barrier, incr, lock, me, recv, result, send, TuttiError, take, unlock } from 'tutti';

const notes = join(me.params['lab'] ?? '', 'notes', String(me.run), me.test);
mkdirSync(notes, { recursive: true });
const note = (text: string) => appendFileSync(join(notes, me.member), `${text}\n`);
const door = (text: string) => appendFileSync(join(notes, 'door'), `${text} ${me.member}\n`);

let n = 0;
function say(text: string): void {
  n += 1;
  process.stdout.write(`${me.member} ${me.rebootCount} ${n} ${text}\n`);
  process.stderr.write(`${me.member} ${me.rebootCount} ${n} ${text}\n`);
}
async function times(count: number, work: (i: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => work(i)));
}

note(`begin ${me.rebootCount} ${Date.now()}`);
say('begins in round 0');
const rounds = Number(me.params['rounds']);
for (let round = 0; round < rounds; round += 1) {
  for (let i = 0; i < 200; i += 1) say(`filler ${'x'.repeat(400)}`);
  // Nobody else ever comes there: it is withdrawn.
  const enough = AbortSignal.timeout(100);
  const alone = await barrier(`only ${me.member}`, { count: 2, signal: enough }).catch(
    (error: unknown) => error,
  );
  if (!(alone instanceof TuttiError && alone.code === 'CANCELLED'))
    throw new Error('it was not withdrawn', { cause: alone });
  say(`meet ${JSON.stringify(await barrier('meet', { data: `${me.member} in ${round}` }))}`);
  await times(5, async () => say(`incr ${await incr('turns')}`));
  await times(5, async (i) => say(`sent ${await send('jobs', `${me.member} in ${round}, ${i}`)}`));
  await times(5, async () => say(`took ${JSON.stringify(await take('jobs'))}`));
  for (let i = 0; i < 15; i += 1) say(`heard ${JSON.stringify(await recv('jobs'))}`);
  await lock('door');
  door('enter');
  await sleep(50);
  door('leave');
  await unlock('door');
}
const noise = randomBytes(500_000);
writeFileSync(join(me.out, 'noise'), noise);
say(`artifact noise ${createHash('sha256').update(noise).digest('hex')}`);
await result('rounds', 'pass', { measure: rounds });
say('end');
note(`finish ${me.rebootCount} ${n} ${Date.now()}`);
