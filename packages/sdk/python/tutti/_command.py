"""Commands on other members' machines: run to their end, or started and left running."""

import base64
import collections

from . import CommandFailed
from ._clock import default_timeout
from ._wire import Error, call, given, seconds

_STOPPING = 10.0  # the stop ladder, and time to hear of its end

Place = collections.namedtuple('Place', ['member', 'machine'])
Truncated = collections.namedtuple('Truncated', ['size', 'kept', 'log'])
Truncated.__doc__ = """The part of an output that came: all of it has `size` bytes and is in `log`, `kept` bytes of its end are here."""

Result = collections.namedtuple('Result', [
    'command', 'member', 'machine', 'number', 'ok', 'exit', 'signal', 'stdout', 'stderr', 'stdout_bytes', 'stderr_bytes',
    'stdout_truncated', 'stderr_truncated', 'duration',
])
Result.__doc__ = """What came of a command.

ok: it ended by itself, with status 0. exit: its exit status, None if it did not end by itself. signal: what killed it.
stdout, stderr: as UTF-8; of a long output the end: then stdout_truncated says so. duration: seconds.
"""

_Ended = collections.namedtuple('_Ended', ['result', 'how', 'timed_out', 'stopped'])


def shown(place):
    return '%s (%s)' % (place.member, place.machine)


def seconds_for(timeout):
    if timeout is None:
        return default_timeout()
    span = seconds(timeout)
    if span > 0:
        return span
    raise Error('BAD_PARAMS', 'a timeout of 0 s: leave it out to wait as long as the test lasts')


def in_words(span):
    return '%g s' % (round(span, 1) if span < 10 else round(span))


def quoted(command):
    text = (command if isinstance(command, str) else ' '.join(command)).strip()
    line = text.split('\n', 1)[0]
    if len(line) > 80:
        return '"%s…"' % line[:79]
    return '"%s%s"' % (line, ' …' if len(line) < len(text) else '')


def ask(place, verb, args, title=None, timeout=None, margin=None):
    title = title or '%s on %s' % (verb, shown(place))
    return call('drive', {'on': place.member, 'do': verb, 'args': args}, timeout, title=title, margin=margin)


def ask_within(place, verb, args, timeout, title=None):
    """For what has no limit of its own on the other side."""
    return ask(place, verb, args, title, timeout, margin=0)


def start(place, command, name, env, cwd, timeout):
    command = command if isinstance(command, str) else list(command)
    args = given(command=command, name=name, env=env, cwd=cwd, timeout=timeout)
    # Not for its own timeout, which begins when it runs.
    answer = ask_within(place, 'start', args, default_timeout(), '%s on %s' % (quoted(command), shown(place)))
    return answer['command'], answer['number']


def end_of(place, command, started, timeout):
    """Waits for its end; whoever gives that up does not end the command."""
    title = 'the end of %s on %s' % (quoted(command), shown(place))
    answer = ask_within(place, 'ended', {'command': started[0]}, seconds_for(timeout), title)
    return _read_end(answer, place, command, started[1])


def run(place, command, timeout, env, cwd, name, check):
    ended = _to_end(place, command, timeout, env, cwd, name)
    if ended.result.ok or not check:
        return ended.result
    raise _failure(ended)


def fails(place, command, timeout, env, cwd, name):
    """It has to fail, by itself: one that does not end in time, or never began, has proved nothing."""
    ended = _to_end(place, command, timeout, env, cwd, name)
    result = ended.result
    proved = result.exit is not None or result.signal is not None
    if proved and not result.ok and not ended.stopped:
        return result
    if not result.ok:
        raise _failure(ended)
    raise CommandFailed('%s on %s was to fail, and exited with status 0' % (quoted(command), shown(place)), result)


def _to_end(place, command, timeout, env, cwd, name):
    span = seconds_for(timeout)
    started = start(place, command, name, env, cwd, span)
    title = '%s on %s' % (quoted(command), shown(place))
    # The machine keeps the time limit; this is for one that cannot be asked any more.
    patience = None if span is None else span + _STOPPING
    try:
        answer = ask(place, 'ended', {'command': started[0]}, title, patience, margin=0)
    except Error as error:
        if error.code != 'TIMED_OUT':
            raise
        message = '%s: neither its end nor anything else of it was heard in time' % title
        raise Error('NODE_LOST', message) from error
    except BaseException:
        _stop_quietly(place, started[0])
        raise
    ended = _read_end(answer, place, command, started[1])
    if ended.timed_out:
        raise _failure(ended)
    return ended


def _stop_quietly(place, command_id):
    """Somebody gave it up. Nobody is there any more to tell that it did not work; with the test everything ends anyway."""
    try:
        ask_within(place, 'stop', {'command': command_id}, _STOPPING)
    except Error:
        pass


def _read_end(answer, place, command, number):
    stopped, how = answer.get('stopped'), answer['exit']
    if stopped == 'disk-full':
        raise Error('DISK_FULL', '%s on %s was stopped, as the disk there is full' % (quoted(command), shown(place)))
    if stopped in ('given-up', 'orphaned'):
        raise Error('NODE_LOST', '%s on %s was stopped, as its machine was lost' % (quoted(command), shown(place)))
    logs = '%s/cmd-%d' % (place.member, number)
    out = _output(answer['stdout'], logs + '/stdout.log')
    err = _output(answer['stderr'], logs + '/stderr.log')
    exited = how['how'] == 'exited'
    signal = how['signal'] if how['how'] == 'signalled' else 'SIGKILL' if how['how'] == 'killed' else None
    result = Result(
        command, place.member, place.machine, number, stopped is None and exited and how['code'] == 0,
        how['code'] if exited else None, signal, out[0], err[0], out[1], err[1], out[2], err[2], answer['duration'])
    words = _how_it_ended(how) if stopped is None else _how_it_was_stopped(stopped, answer['duration'])
    return _Ended(result, words, stopped == 'timeout', stopped is not None)


def _output(output, log):
    data = base64.b64decode(output['tail'])
    truncated = Truncated(output['size'], len(data), log) if len(data) < output['size'] else None
    begin = 0
    # Where the beginning is missing a character may be cut in two.
    while truncated and begin < min(3, len(data)) and data[begin] & 0xC0 == 0x80:
        begin += 1
    return data[begin:].decode('utf-8', 'replace'), data, truncated


def _how_it_ended(how):
    kind = how['how']
    if kind == 'exited':
        return 'exited with status %d' % how['code']
    if kind == 'signalled':
        return 'was ended by %s' % how['signal']
    if kind == 'killed':
        return 'was killed (kill -9 or out of memory)'
    if kind == 'rebooted':
        return 'ended with its machine, which was rebooted'
    return 'did not start: %s' % how.get('message')


def _how_it_was_stopped(reason, duration):
    if reason == 'timeout':
        return 'was still running after %s, and was stopped' % in_words(duration)
    if reason == 'output-limit':
        return 'was stopped, as it wrote more output than is kept'
    if reason == 'test-over':
        return 'was stopped, as the test is over'
    return 'was stopped'


def last_lines(result):
    """Which output, and its last lines: of stderr, or if there is nothing of stdout."""
    for name, text in (('stderr', result.stderr), ('stdout', result.stdout)):
        if text.strip():
            return name, text.rstrip().split('\n')[-10:]
    return 'stderr', []


def _failure(ended):
    result = ended.result
    lines = last_lines(result)[1]
    said = ' (last line: "%s")' % lines[-1].strip()[:200].replace('\\', '\\\\').replace('"', '\\"') if lines else ''
    where = '%s (%s)' % (result.member, result.machine)
    return CommandFailed('%s on %s %s%s' % (quoted(result.command), where, ended.how, said), result, ended.timed_out)
