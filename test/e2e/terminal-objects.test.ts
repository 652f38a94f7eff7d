/** `shell()` of machines: in a driver, in a program, at the prompt. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '@tutti/client/program';
import { expect, test } from 'vitest';
import { driven, lines } from './support/drivers.ts';
import { openTerminal } from './support/terminal.ts';
import { eventually, startAgent, startMaster } from './support/tutti.ts';

test('a driver types, waits for what is written, and ends it', async () => {
  const { outcome, stdout, stderr } = await driven(
    'driver.ts',
    `import { expect, roles, test } from 'tutti';
test('shell', async () => {
  const shell = await roles.client.shell({ command: 'exec env PS1="there> " /bin/sh', columns: 90 });
  await shell.expect('there> ');
  await shell.write('stty size; echo "$TUTTI_MEMBER"\\r');
  const [, size] = await shell.expect(/(\\d+ \\d+)\\r\\n/);
  console.log(size, (await shell.expect(/client\\.\\d/))[0]);
  await shell.resize({ columns: 70, rows: 20 });
  await shell.write('stty size\\r');
  console.log((await shell.expect('20 70'))[0]);
  await expect(shell.expect('never', { timeout: '200ms' })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  await shell.write('exit 4\\r');
  console.log((await shell.ended()).exit);
  await expect(shell.expect('more')).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
  const left = await roles.client.shell({ command: 'cat' });
  await left.write('hi\\r');
  await left.expect('hi');
  await left.end();
  const lost = await roles.client.shell();
  await lost.write('sleep 1000\\r');
});`,
  );
  expect(stderr).toBe('');
  expect(outcome.code).toBe(0);
  expect(lines(stdout)).toEqual(['24 90 client.0', '20 70', '4']);
});

test('a program reads and writes bytes; the prompt lends its terminal', async () => {
  const master = await startMaster();
  const agent = await startAgent(master, { name: 'n1' });
  const tutti = await connect({ master: master.url, tokenFile: master.tokenFile });
  try {
    const shell = await tutti.nodes.get('n1').shell({ command: 'stty raw -echo; echo ready; cat; exit 5' });
    await shell.expect('ready\n');
    const sent = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await shell.write(sent);
    const got: Uint8Array[] = [];
    for await (const bytes of shell.output) {
      got.push(bytes);
      if (Buffer.concat(got).byteLength >= sent.byteLength) break;
    }
    expect(Buffer.concat(got).equals(sent)).toBe(true);
    expect(await shell.end()).toMatchObject({ stopped: 'cancelled' });
  } finally {
    await tutti.close();
  }
  const terminal = await openTerminal(['repl'], { env: master.env });
  await terminal.waitFor(/tutti>$/);
  await terminal.enter(`nodes.n1.shell({ command: 'exec env PS1="there> " /bin/sh' })`);
  await terminal.waitFor(/there>$/);
  await terminal.enter('sleep 1000');
  await terminal.type('', 'C-c');
  await terminal.enter('echo "status $?"; exit 6');
  await terminal.waitFor(/^status 130$[^]*exit: 6[^]*tutti>$/m);
  await terminal.enter('nodes.n1.name');
  await terminal.waitFor(/^'?n1'?$/m);
  await eventually(async () => (await readdir(join(agent.state, 'terminals'))).length === 0);
});
