"""What a test's script says to the other members of its test, to its agent and to the report.

    import tutti

    tutti.barrier('ready', timeout='30s')
    tutti.set('port', 8080)
    port = tutti.get('port', wait=True)
    tutti.result('throughput', 'pass', measure=941, unit='Mbit/s')

What members share by name (barriers, keys, topics, locks) is the attempt's; with scope='run' it is shared by the members of all
tests of the run.

Works in a script that Tutti runs (it needs TUTTI_SOCKET), with Python 3.6 or newer and nothing else installed. Time
spans are seconds, or text: '30s', '500ms', '2m', '1h'.

Each call has a connection of its own and may be made from any thread. It waits until it is answered; while the agent is
being restarted it repeats the same request, which takes effect once. An exception, KeyboardInterrupt too, closes the
connection, and that withdraws the wait. Failures are tutti.Error with a code; nothing is printed, but by tutti.test.

A driver uses roles, test, step, always and until beside these: see docs/drivers.md.
"""

import collections
import os

from . import _clock
from ._wire import BarrierBroken, Error, TimedOut
from ._wire import call as _call
from ._wire import environment as _environment
from ._wire import given as _given
from ._wire import seconds as _seconds

__all__ = [
    'abort', 'addr', 'always', 'barrier', 'each', 'extend', 'get', 'incr', 'keys', 'lock', 'mark', 'me', 'node', 'reboot', 'recv',
    'result', 'roles', 'send', 'set', 'skip', 'step', 'take', 'test', 'topology', 'unlock', 'until', 'BarrierBroken',
    'CommandFailed', 'Content', 'Error', 'InvariantBroken', 'Message', 'Released', 'TimedOut',
]


# A traceback names them as scripts do.
for _each in (BarrierBroken, Error, TimedOut):
    _each.__module__ = 'tutti'
del _each

Released = collections.namedtuple('Released', ['generation', 'rank', 'size', 'data'])
Released.__doc__ = """How a barrier was passed.

generation: how often it was released before. rank: order of arrival; exactly one participant has 0. size: how many took
part. data: by member in order of arrival, None for who gave none; empty when nobody gave any.
"""


def barrier(name, count=None, roles=None, members=None, timeout=None, data=None, scope=None):
    """Waits until all participants have arrived; returns Released.

    By default all members of the test take part. count: any so many distinct members. roles: all members of these.
    members: just these, as 'client.0', or 'client' where the role has one member. timeout: by default the test's
    remaining time less 2 s. data: JSON of at most 16 KiB, given to all participants. scope: with 'run' members of all tests of
    the run can take part, count says how many, and data is by 'test/client.0'.

    Raises BarrierBroken, TimedOut, or Error (BARRIER_DISAGREEMENT, BAD_PARTICIPANTS, ALREADY_ARRIVED).
    """
    seconds = _seconds(timeout)
    args = _given(name=name, scope=scope, count=count, roles=_list(roles), members=_list(members), timeout=seconds, data=data)
    answer = _call('barrier', args, seconds)
    return Released(answer['generation'], answer['rank'], answer['size'], answer['data'])


def abort(name, reason, scope=None):
    """Fails everybody who waits at the barrier, and everybody who comes later, with the reason."""
    _call('abort', _given(name=name, scope=scope, reason=reason))


def set(key, value, scope=None):  # pylint: disable=redefined-builtin
    """Sets a key to a JSON value of at most 256 KiB, and wakes who waits for it."""
    _call('set', dict(_given(key=key, scope=scope), value=value))


def get(key, wait=False, timeout=None, default=None, scope=None):
    """A key's value, or `default` if it is not set; with wait=True, as soon as it is set.

    timeout: only with wait; by default the test's remaining time less 2 s. Raises TimedOut, or Error WAIT_BROKEN when
    nobody is left who could set it.
    """
    if timeout is not None and not wait:
        raise Error('BAD_PARAMS', 'get: a timeout needs wait')
    seconds = _seconds(timeout)
    answer = _call('get', _given(key=key, scope=scope, wait=True if wait else None, timeout=seconds), seconds)
    return answer['value'] if answer['found'] else default


def incr(key, by=None, scope=None):
    """Adds to a whole number in one step (1, if not given) and returns the new value; not set counts as 0."""
    return _call('incr', _given(key=key, scope=scope, by=by))['value']


def keys(prefix=None, scope=None):
    """The names of the keys that are set, sorted; those that begin with prefix, if given."""
    return _call('keys', _given(prefix=prefix, scope=scope))['keys']


Message = collections.namedtuple('Message', ['offset', 'data'])
Message.__doc__ = "A message of a topic. offset: its place in the topic, 0 for the first."


def send(topic, data, scope=None):
    """Appends a message, JSON of at most 256 KiB, to a topic; returns its offset."""
    return _call('send', dict(_given(topic=topic, scope=scope), data=data))['offset']


def recv(topic, from_=None, wait=True, timeout=None, scope=None):
    """This member's next Message of the topic: each member gets every message once, in the same order, from the first.

    When this returns the message is consumed; a script that dies before gets it again. from_: the message at this offset,
    received before or not, which changes nothing of what a plain recv gives next. wait=False: None if there is none now.
    timeout: by default as long as the test lasts.

    Raises TimedOut, or Error (ALREADY_RECEIVING; WAIT_BROKEN when nobody is left who could send).
    """
    return _receive('recv', topic, wait, timeout, scope, from_)


def take(topic, wait=True, timeout=None, scope=None):
    """The oldest Message of the topic that no member has taken: each message goes to one of them.

    When this returns the message is consumed; if the script dies before, another gets it. wait=False: None if there is
    none now. timeout: by default as long as the test lasts.

    Raises TimedOut, or Error WAIT_BROKEN when nobody is left who could send.
    """
    return _receive('take', topic, wait, timeout, scope)


def _receive(call, topic, wait, timeout, scope, offset=None):
    if timeout is not None and not wait:
        raise Error('BAD_PARAMS', '%s: a timeout needs a wait' % call)
    seconds = _seconds(timeout)
    args = {'topic': topic}
    args.update(_given(**{'scope': scope, 'from': offset, 'wait': None if wait else False, 'timeout': seconds}))
    # Read again is not consumed: there is nothing to give back.
    answer = _call(call, args, seconds, consume=offset is None)
    return Message(answer['offset'], answer['data']) if answer['found'] else None


def lock(name, slots=None, timeout=None, scope=None):
    """Waits until the lock is this member's; first come, first served. It is until unlock, or until the member ends.

    slots: how many members can hold it at a time, 1 if not given; all must say the same. timeout: by default as long as the
    test lasts.

    Raises TimedOut, or Error (ALREADY_HELD, LOCK_DISAGREEMENT; WAIT_BROKEN when its holder was lost).
    """
    seconds = _seconds(timeout)
    _call('lock', _given(name=name, scope=scope, slots=slots, timeout=seconds), seconds)


def unlock(name, scope=None):
    """Gives up a lock that this member holds. Raises Error NOT_HELD."""
    _call('unlock', _given(name=name, scope=scope))


def reboot(member=None, timeout=None, by_script=False):
    """Reboots a machine: this one, or that of another member ('client.0').

    Of this one it never returns, except with by_script: all that the script started is ended, the machine reboots, and the
    script runs again from its beginning with me.reboot_count one higher, in the same directory. by_script: only announces
    it; the script brings the machine down itself. Of another member's machine it returns when that is about to go down.
    timeout: at most so long until it is back; by default 10 minutes.

    Raises Error CANNOT_REBOOT.
    """
    _call('reboot', _given(member=member, timeout=_seconds(timeout), byScript=True if by_script else None))


def extend(duration):
    """Gives the test so much more time (it may be less), and returns the seconds that it then has left."""
    remaining = _call('extend', {'seconds': _seconds(duration)})['remaining']
    _clock.note_time_left(remaining)
    return remaining


def result(name, status, measure=None, unit=None, message=None, duration=None):
    """Reports a subtest: 'pass', 'warn', 'fail', 'skip' or 'error'. When it returns, the report cannot lose it."""
    args = _given(name=name, status=status, measure=measure, unit=unit, message=message, duration=_seconds(duration))
    _call('result', args)


def mark(name):
    """Notes that something has happened, at this time; roles with `start: after ROLE` wait for the mark 'started'."""
    _call('mark', {'name': name})


def addr(member):
    """A member's address: 'client.0', or 'client' for the first of the role."""
    addresses = _call('addr', {'member': member})['addresses']
    if not addresses:
        raise Error('BAD_ADDRESS', 'addr "%s": its node has no address that Tutti knows' % member)
    return addresses[0]


def topology():
    """Who takes part: {'self': …, 'members': [{'member', 'role', 'index', 'node', 'addresses', 'params'}]}."""
    return _call('topology', {})


class _Me:
    """Who this script is. Read from the environment when asked for; outside a Tutti run it is that which raises."""

    member = property(lambda self: _environment('TUTTI_MEMBER'), doc="'client.0': role and index")
    role = property(lambda self: _environment('TUTTI_ROLE'))
    index = property(lambda self: int(_environment('TUTTI_INDEX')), doc='0-based, within the role')
    node = property(lambda self: _environment('TUTTI_NODE'), doc="the machine's name")
    test = property(lambda self: _environment('TUTTI_TEST'))
    attempt = property(lambda self: int(_environment('TUTTI_ATTEMPT')), doc='1 the first time; a retry counts up')
    run = property(lambda self: int(_environment('TUTTI_RUN')), doc="the run's number, as people see it")
    reboot_count = property(lambda self: int(_environment('TUTTI_REBOOT_COUNT')), doc='0 until the first reboot')
    deadline = property(lambda self: float(_environment('TUTTI_DEADLINE')),
                        doc='seconds that the test had at most when this script was started')
    out = property(lambda self: _environment('TUTTI_OUT'), doc='the directory for artifacts')

    @property
    def params(self):
        """TUTTI_PARAM_<NAME> by lower-case name; always text, as everything in an environment."""
        prefix = 'TUTTI_PARAM_'
        return {name[len(prefix):].lower(): value for name, value in os.environ.items() if name.startswith(prefix)}


me = _Me()


# What drivers use. The files behind it are read when it is first used, so that any other script starts as fast as ever.

class CommandFailed(Error):
    """A command did not do what was expected of it: it failed, or with `fails` succeeded.

    member: 'db.0'. machine: its name. command, result: what ran, and what came of it. timed_out: it was stopped for its timeout.
    """

    def __init__(self, message, result, timed_out=False):  # pylint: disable=redefined-outer-name
        super().__init__('COMMAND_FAILED', message)
        self.member = result.member
        self.machine = result.machine
        self.command = result.command
        self.result = result
        self.timed_out = timed_out


class InvariantBroken(Error):
    """What was always to hold did not. after: seconds since the test began. at: datetime, by this machine's clock."""

    def __init__(self, message, after, at):
        super().__init__('INVARIANT_BROKEN', message)
        self.after = after
        self.at = at


class Content:
    """What a file is to hold: node.put(tutti.Content('text'), 'path')."""

    def __init__(self, content):
        self.content = content.encode('utf-8') if isinstance(content, str) else bytes(content)


class _Roles:
    """The machines of the test, by role: roles.db, roles['db'][0]. Raises Error NO_SUCH_MEMBER for a role that is not there."""

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name):
        from . import _roles
        return _roles.role_named(name)

    def __iter__(self):
        from . import _roles
        return iter(_roles.role_names())

    def __contains__(self, name):
        from . import _roles
        return name in _roles.role_names()


roles = _Roles()


def node(member):
    """One machine: 'db.0', or 'client' where the role has one member. Raises Error NO_SUCH_MEMBER."""
    from . import _roles
    return _roles.node_named(member)


def test(name):
    """A decorator: runs the function at once, as a test of a driver.

        @tutti.test
        def failover():
            …

    Several follow each other. It never raises: a test that failed is told on stderr, and counts when the script ends:
    with 1, with 99 when the lab broke, with 77 when all were skipped. @tutti.test('a name') gives it one with spaces.
    """
    from . import _test
    return _test.test(name)


def step(name):
    """A part of a test, as a subtest of the report with how long it took: with tutti.step('stop the primary'): …"""
    from . import _test
    return _test.Step(name)


def skip(reason):
    """Ends the test as skipped: this cannot be tested here."""
    from . import _test
    raise _test.Skipped(reason)


def always(condition, every=1, name=None):
    """From now on until the test ends this has to hold, looked at in a thread: it neither raises nor gives something false.

    None holds. every: from the end of one look to the next. Returns an object whose stop() calls it off. When it does not hold
    the test fails with InvariantBroken, and is ended.
    """
    from . import _test
    return _test.always(condition, _seconds(every), name)


def until(condition, timeout=None, every=1, name=None):
    """Repeats the function until it holds: it neither raises nor gives something false (None holds). Returns what it gave.

    timeout: by default the test's remaining time less 2 s. every: from the end of one try to the next. Raises TimedOut.
    """
    from . import _holds
    return _holds.repeat(condition, timeout, every, _holds.name_of(condition) if name is None else name)


def each(nodes, work):
    """Does it on all of these machines at once, in threads; waits for all, and returns what they gave, in order."""
    from . import _roles
    return _roles.each(list(nodes), work)


def _list(names):
    """A lone string is one name, not its letters."""
    if names is None:
        return None
    return [names] if isinstance(names, str) else list(names)
