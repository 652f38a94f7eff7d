/** What `help` shows at the prompt. */
export const HELP = `machines
  nodes                           all of them; nodes.n1, nodes['web*'], where('cpus > 4'), all
  nodes.n1.run('uname -a')        a command, to its end; also fails, result, start, until
  nodes.n1.put('a.conf', '/etc/a.conf'), .get('/var/log/syslog', '.')
  nodes.n1.waitForPort(80), .waitForFile, .waitForLog, .waitForUnit, .reboot(), .facts()
  nodes.n1.shell()                a shell there, with this terminal; ~. leaves it
  nodes.n1.drain('disk'), .maintain, .quarantine, .resume(), .label({gpu: ''}), .power('cycle')
  all.run('uptime')               on each of them at once
suites
  suites.list()                   those of this folder; suites.list('dir')
  suites.x.show(), .reload()      what is in one; read it again
  suites.x.run('glob', {params: {seconds: 5}})   run it, follow it; .submit() does not wait
runs
  runs                            the last ones; runs[42], runs.last, runs.list({most: 100})
  runs.last.report(), .logs('server'), .ps(), .explain(), .wait(), .cancel(), .rerun(), .fetch('dir')
  runs[42].tests.x.roles.server.run('ss -tn')    on the machine of a member of a running test
  suites.x.run({pauseOnFailure: '10m'})          a test that fails stands still: look around, then
  runs[42].tests.x.resume('continue')            or 'retry', 'abort'; also .roles.server.freeze(), .thaw()
events
  watch()                         says what changes, until unwatch() or Ctrl-C; watch(nodes), watch(runs)

A promise is waited for: await is not needed. Ctrl-C interrupts what is being carried out, also on the machines, and once more
leaves it behind. const x = … keeps a promise in the background. _ is what came last. Tab completes names, methods, tests.
.exit or Ctrl-D leaves.`;
