/** A primary dies, its standby takes over, and nothing that was written is gone. */
import { type Node, node, test } from 'tutti';

const PORT = 7000;

test('failover', async ({ step, expect, always, params }) => {
  const [first, second, client] = [node('db.0'), node('db.1'), node('client')];
  const keys = Array.from({ length: Number(params['keys']) }, (_, index) => `key${index}`);

  /** What the client hears from one of the two. */
  const ask = async (of: Node, words: string): Promise<string> => {
    const said = await client.run(`./store.py ask ${of.addresses[0]} ${PORT} ${words}`);
    return said.stdout.trim();
  };

  await step('start both', async () => {
    await first.start('store', `./store.py serve ${PORT}`, { env: { STORE_LOSE: params['lose'] ?? '0' } });
    await first.waitForPort(PORT);
    const standby = await second.start('store', `./store.py serve ${PORT} ${first.addresses[0]}`);
    await standby.waitForLog('caught up');
    await second.waitForPort(PORT);
  });

  const calm = always(async () => expect(await ask(second, 'role')).not.toBe('none'), {
    name: 'the second one answers',
  });

  await step('write', async () => {
    const writes = keys.map((key) => `./store.py ask ${first.addresses[0]} ${PORT} set ${key} ${key}`);
    await client.run(writes.join(' && '));
    await client.fails(`./store.py ask ${second.addresses[0]} ${PORT} set key0 wrong`);
  });

  await step('the primary dies', async () => {
    await first.kill('store', 'SIGKILL');
    expect((await first.stop('store')).signal).toBe('SIGKILL');
    await client.fails(`./store.py ask ${first.addresses[0]} ${PORT} role`);
  });

  await step('the standby takes over', async () => {
    expect(await ask(second, 'promote')).toBe('ok');
    expect(await ask(second, 'role')).toBe('primary');
    expect(await ask(second, 'set after failover')).toBe('ok');
  });

  await step('nothing is lost', async () => {
    const reads = keys.map((key) => `./store.py ask ${second.addresses[0]} ${PORT} get ${key}`);
    const read = await client.run(reads.join(' && '));
    expect(read.stdout.trim().split('\n')).toEqual(keys);
  });

  await step('the old primary comes back as a standby', async () => {
    const back = await first.start('store', `./store.py serve ${PORT} ${second.addresses[0]}`);
    expect(await back.waitForLog('caught up')).toBe(`caught up: ${keys.length + 1} keys`);
    await first.until(`./store.py ask localhost ${PORT} get after | grep -x failover`, { every: '100ms' });
  });
  calm.stop();
});
