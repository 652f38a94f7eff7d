"""A machine that a driver has in its hand: the one on which a member of its test stands."""

import collections
import os
import re
import shutil
import tempfile

from . import Content, _holds
from ._command import (
    Place, ask, ask_within, end_of, fails, quoted, run, seconds_for, shown, start,
)
from ._wire import Error, given

Rebooted = collections.namedtuple('Rebooted', ['boot', 'away'])
Rebooted.__doc__ = """boot: the boot id that proves it. away: seconds until its agent was there again."""


class Process:
    """A command that was started and left running; it ends with the driver at the latest."""

    def __init__(self, name, place, command, started, on_ended):
        self.name = name
        self.number = started[1]
        self._place = place
        self._command = command
        self._started = started
        self._on_ended = on_ended

    def ended(self, timeout=None):
        """Waits until it has ended, however it does."""
        result = end_of(self._place, self._command, self._started, timeout).result
        self._on_ended(self)
        return result

    def stop(self, timeout=None):
        """Ends it, with all that it started: SIGTERM, 5 s, SIGKILL. Returns when it is gone."""
        ask_within(self._place, 'stop', {'command': self._started[0]}, seconds_for(timeout), self._title('stop'))
        return self.ended(timeout)

    def kill(self, signal='SIGTERM', timeout=None):
        """Sends a signal to all its processes."""
        name = getattr(signal, 'name', signal)
        match = re.match(r'(?:SIG)?([A-Z0-9]+)$', name) if isinstance(name, str) else None
        if match is None:
            raise Error('BAD_PARAMS', '%r is not a signal: write SIGTERM' % (signal,))
        args = {'command': self._started[0], 'signal': match.group(1)}
        ask_within(self._place, 'kill', args, seconds_for(timeout), self._title('kill'))

    def wait_for_log(self, pattern, timeout=None):
        """Waits until it has written a line with this text, or that the compiled pattern is found in; returns the line."""
        return _for_log(self._place, {'command': self._started[0]}, '"%s"' % self.name, pattern, timeout)

    def _title(self, verb):
        return '%s "%s" on %s' % (verb, self.name, shown(self._place))


class Node:
    """A machine of the test. Failures are tutti.Error, of which CommandFailed is one.

    member: 'db.0'. role, index, params. machine: its name. addresses: the best one first.
    """

    def __init__(self, known):
        self.member = known['member']
        self.role = known['role']
        self.index = known['index']
        self.machine = known['node']
        self.addresses = known['addresses']
        self.params = known['params']
        self._place = Place(self.member, self.machine)
        self._processes = {}

    def __repr__(self):
        return '<tutti node %s>' % shown(self._place)

    def run(self, command, timeout=None, env=None, cwd=None, name=None, check=True):
        """Runs a command to its end: a line for sh -c, or a list. Raises CommandFailed unless it exits with 0, or check=False."""
        return run(self._place, command, timeout, env, cwd, name, check)

    def fails(self, command, timeout=None, env=None, cwd=None, name=None):
        """Runs a command that has to fail. Raises CommandFailed when it does not, or not by itself."""
        return fails(self._place, command, timeout, env, cwd, name)

    def start(self, name, command, timeout=None, env=None, cwd=None):
        """Starts a command and leaves it running, under a name; returns a Process."""
        if name in self._processes:
            message = 'start "%s" on %s: one of that name has not ended; stop it first, or take another name'
            raise Error('BAD_PARAMS', message % (name, shown(self._place)))
        span = None if timeout is None else seconds_for(timeout)
        started = start(self._place, command, name, env, cwd, span)
        process = Process(name, self._place, command, started, self._forget)
        self._processes[name] = process
        return process

    def stop(self, name, timeout=None):
        """Ends what was started under that name, with all that it started. Returns when it is gone."""
        return self._process(name).stop(timeout)

    def kill(self, name, signal='SIGTERM', timeout=None):
        """Sends a signal to all processes of what was started under that name."""
        self._process(name).kill(signal, timeout)

    def put(self, local, path, mode=None, timeout=None):
        """Copies a file or a directory of the driver's machine, or makes a file of Content(…)."""
        if isinstance(local, Content):
            with _Temporary() as source:
                with open(source, 'wb') as file:
                    file.write(local.content)
                return self._send(source, path, 0o644 if mode is None else mode, timeout, 'contents')
        source = os.path.abspath(local)
        if not os.path.exists(source):
            message = "put %s to %s: there is no %s on the driver's machine"
            raise Error('NO_SUCH_FILE', message % (local, shown(self._place), source))
        return self._send(source, path, mode, timeout, local)

    def _send(self, source, path, mode, timeout, name):
        title = 'put %s to %s on %s' % (name, path, shown(self._place))
        args = given(**{'from': source, 'path': path, 'mode': mode})
        return ask_within(self._place, 'put', args, seconds_for(timeout), title)

    def get(self, path, local=None, timeout=None):
        """Copies a file or a directory to the driver's machine; without `local` returns a file's contents, as bytes."""
        title = 'get %s from %s' % (path, shown(self._place))
        if local is not None:
            args = {'path': path, 'to': os.path.abspath(local)}
            return ask_within(self._place, 'get', args, seconds_for(timeout), title)
        with _Temporary() as to:
            ask_within(self._place, 'get', {'path': path, 'to': to}, seconds_for(timeout), title)
            if os.path.isdir(to):
                raise Error('BAD_PARAMS', '%s: it is a directory; say where to put it' % title)
            with open(to, 'rb') as file:
                return file.read()

    def wait_for_port(self, port, host=None, timeout=None):
        """Until something accepts TCP connections there."""
        what = 'port %s' % port if host is None else '%s:%s' % (host, port)
        _wait(self._place, what, given(**{'is': 'port', 'port': port, 'host': host}), timeout)

    def wait_for_file(self, path, timeout=None):
        """Until a file or directory of that name exists."""
        _wait(self._place, 'the file %s' % path, {'is': 'file', 'path': path}, timeout)

    def wait_for_log(self, path, pattern, timeout=None):
        """Until a line of the file, or of the process, has this text, or the compiled pattern is found in it; returns the line."""
        if isinstance(path, Process):
            return path.wait_for_log(pattern, timeout)
        return _for_log(self._place, {'path': path}, path, pattern, timeout)

    def wait_for_unit(self, unit, timeout=None):
        """Until a systemd unit is active."""
        _wait(self._place, 'the unit %s' % unit, {'is': 'unit', 'unit': unit}, timeout)

    def reboot(self, timeout=None):
        """Reboots it, and returns when it is back, proven by its boot id. All that ran on it has ended."""
        span = seconds_for(timeout)
        answer = ask_within(self._place, 'reboot', given(timeout=span), span, 'reboot of %s' % shown(self._place))
        self._processes.clear()
        return Rebooted(answer['boot'], answer['away'])

    def facts(self, timeout=None):
        """What is known about it: {'node', 'boot', 'facts', 'labels', 'addresses'}."""
        return ask_within(self._place, 'facts', {}, seconds_for(timeout))

    def until(self, what, timeout=None, every=1, name=None):
        """Repeats a command, or a function of the node, until it succeeds. Returns what the last one gave."""
        if callable(what):
            title, once = name or _holds.name_of(what), lambda: what(self)
        else:
            title, once = name or quoted(what), lambda: self.run(what)
        return _holds.repeat(once, timeout, every, ('%s on %s' % (title, shown(self._place))).strip())

    def _process(self, name):
        if name in self._processes:
            return self._processes[name]
        names = ', '.join('"%s"' % each for each in self._processes)
        hint = '; there is %s' % names if names else ''
        raise Error('NO_SUCH_COMMAND', 'no process "%s" was started on %s%s' % (name, shown(self._place), hint))

    def _forget(self, process):
        if self._processes.get(process.name) is process:
            del self._processes[process.name]


def _wait(place, what, awaited, timeout):
    span = seconds_for(timeout)
    title = 'wait for %s on %s' % (what, shown(place))
    return ask(place, 'wait', given(**{'for': awaited, 'timeout': span}), title, span)


def _for_log(place, where, name, pattern, timeout):
    source, words = _pattern(pattern)
    awaited = dict(where, **{'is': 'log', 'pattern': source})
    return _wait(place, '%s in %s' % (words, name), awaited, timeout).get('line', '')


def _pattern(pattern):
    """As one pattern without flags, which is what travels, and in words. A text means itself."""
    if isinstance(pattern, str):
        return re.sub(r'([\^$.*+?()\[\]{}|/\\])', r'\\\1', pattern), '"%s"' % pattern
    letters = ''.join(letter for letter, flag in (('i', re.I), ('m', re.M), ('s', re.S)) if pattern.flags & flag)
    if pattern.flags & ~(re.I | re.M | re.S | re.U):
        raise Error('BAD_PARAMS', '%r: of the flags only I, M and S can be used here' % (pattern,))
    return '(?%s:%s)' % (letters, pattern.pattern) if letters else pattern.pattern, '/%s/%s' % (pattern.pattern, letters)


class _Temporary:
    """The path of a file to be, in a directory of its own that goes with it."""

    def __enter__(self):
        self._dir = tempfile.mkdtemp(prefix='tutti-')
        return os.path.join(self._dir, 'content')

    def __exit__(self, *error):
        shutil.rmtree(self._dir, ignore_errors=True)
