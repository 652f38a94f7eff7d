/** Three servers get a new version, so many at once, while a client always finds two that answer. */
import { type Node, node, test } from 'tutti';

const PORT = 8000;

test<'web'>('upgrade', async ({ roles, step, always, expect, params }) => {
  const client = node('client');
  const hosts = roles.web.map(({ addresses: [first] }) => first);

  const versions = async (): Promise<string[]> => {
    const { stdout } = await client.run(['./ask.py', String(PORT), ...hosts.map(String)]);
    return stdout.split('\n').filter(Boolean);
  };
  const install = async (web: Node, version: string): Promise<void> => {
    await web.put({ content: version }, 'version');
    await web.start('serve', `./serve.py ${PORT}`);
    await web.waitForPort(PORT);
  };

  await step('install 1.0', () => roles.web.each((web) => install(web, '1.0')));
  expect(await versions()).toEqual(['1.0', '1.0', '1.0']);

  always(async () => expect((await versions()).length).toBeGreaterThanOrEqual(2), {
    name: 'two servers answer',
    every: '100ms',
  });

  const left = [...roles.web];
  while (left.length > 0) {
    const now = left.splice(0, Number(params['at_once']));
    await step(`upgrade ${now.map(({ member }) => member).join(' and ')}`, async () => {
      await Promise.all(now.map((web) => web.stop('serve')));
      // What installing takes, on machines whose disks are slow.
      await Promise.all(now.map((web) => web.run('sleep 1')));
      await Promise.all(now.map((web) => install(web, '2.0')));
    });
  }

  await step('all have 2.0', async () => {
    expect(await versions()).toEqual(['2.0', '2.0', '2.0']);
  });
});
