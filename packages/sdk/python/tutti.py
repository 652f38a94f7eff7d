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
connection, and that withdraws the wait. Failures are tutti.Error with a code; nothing is printed.
"""

import collections
import errno
import json
import os
import re
import socket
import time

__all__ = [
    'abort', 'addr', 'barrier', 'extend', 'get', 'incr', 'keys', 'lock', 'mark', 'me', 'reboot', 'recv', 'result', 'send',
    'set', 'take', 'topology', 'unlock', 'BarrierBroken', 'Error', 'Message', 'Released', 'TimedOut',
]


class Error(Exception):
    """A call failed; `code` says how, `message` says what happened to which thing."""

    def __init__(self, code, message):
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self):
        return '%s: %s' % (self.code, self.message)


class BarrierBroken(Error):
    """Somebody can no longer come to the barrier (BARRIER_BROKEN), or aborted it (BARRIER_ABORTED)."""


class TimedOut(Error):
    """The time was over before the thing waited for happened (TIMED_OUT)."""


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
    return _call('extend', {'seconds': _seconds(duration)})['remaining']


def result(name, status, measure=None, unit=None, message=None):
    """Reports a subtest: 'pass', 'warn', 'fail', 'skip' or 'error'. When it returns, the report cannot lose it."""
    _call('result', _given(name=name, status=status, measure=measure, unit=unit, message=message))


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


# How a call travels: one JSON object a line over the agent's Unix socket, answers matched by id.

_PASSING = (errno.ENOENT, errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE, errno.EAGAIN)
_LONGEST_LINE = 1024 * 1024
_MARGIN = 5.0  # the agent keeps a call's timeout; this much later we stop waiting for an agent that is not there
_LONGEST_WAIT = 30 * 86400.0  # what every platform's socket timeout can hold
_QUIETLY = getattr(socket, 'MSG_NOSIGNAL', 0)
_SPAN = re.compile(r'(\d+(?:\.\d+)?)(ms|s|m|h)?')


def _given(**args):
    return {name: value for name, value in args.items() if value is not None}


class _Exchange:
    """One request; for a message also the request that stands for our life (hold), and the acknowledgement (ack).

    `lines` is what is to be said on a new connection, `awaited` the id of the answer that counts.
    """

    def __init__(self, title, call, args, consume):
        self.title = title
        self.awaited = os.urandom(16).hex()
        self.lines = self._say(self.awaited, call, args)
        self._ack = None
        self._message = None
        if consume:
            self._about = _given(request=self.awaited, scope=args.get('scope'))
            self._ack = os.urandom(16).hex()
            self.lines += self._say(os.urandom(16).hex(), 'hold', self._about)

    def hear(self, answer):
        """The answer to it all, or None: then there is more to say, on this connection or on the next."""
        if answer.get('error') is not None or self._ack is None:
            return answer
        if self.awaited == self._ack:
            return self._message
        result = answer.get('result')
        if not isinstance(result, dict) or not result.get('found'):
            return answer
        self._message = answer
        self.awaited = self._ack
        self.lines = self._say(self._ack, 'ack', self._about)
        return None

    def _say(self, request_id, call, args):
        return _line(self.title, {'id': request_id, 'call': call, 'args': args})


def _call(call, args, timeout=None, consume=False):
    """Repeats one request, always under the same id, until it is answered or `timeout` and a margin are over."""
    path = _environment('TUTTI_SOCKET')
    named = [value for name, value in args.items() if name != 'scope'] if args else []
    title = '%s "%s"' % (call, named[0]) if named else call
    exchange = _Exchange(title, call, args, consume)
    give_up = None if timeout is None else time.monotonic() + timeout + _MARGIN
    lost = 0
    while True:
        try:
            answer = _ask(path, exchange, give_up)
            if answer is not None:
                return _result(title, answer)
        except socket.timeout:
            pass
        except OSError as error:
            if error.errno not in _PASSING:
                raise Error('NOT_CONNECTED', "%s: cannot use the agent's socket: %s" % (title, error)) from error
        # Between half and all of 50 ms · 2^n, at most 1 s. Not from `random`: a test may have seeded that.
        pause = min(1.0, 0.05 * 2 ** min(lost, 10)) * (0.5 + os.urandom(1)[0] / 510.0)
        lost += 1
        if give_up is not None and time.monotonic() + pause >= give_up:
            message = '%s: no answer within %g s; the agent at %s is not there or hangs' % (title, timeout, path)
            raise TimedOut('TIMED_OUT', message)
        time.sleep(pause)


def _ask(path, exchange, give_up):
    """The answer, or None when the connection was lost before it."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _bound(connection, give_up)
        connection.connect(path)
        connection.sendall(exchange.lines, _QUIETLY)
        begun = bytearray()
        while True:
            _bound(connection, give_up)
            chunk = connection.recv(65536)
            if not chunk:
                return None
            whole, newline, rest = chunk.rpartition(b'\n')
            if not newline:
                begun += chunk
                continue
            for said in bytes(begun + whole).split(b'\n'):
                answer = _read(said)
                if not _is_mine(answer, exchange.awaited):
                    continue
                answer = exchange.hear(answer)
                if answer is not None:
                    return answer
                connection.sendall(exchange.lines, _QUIETLY)
            begun = bytearray(rest)
    finally:
        connection.close()


def _bound(connection, give_up):
    if give_up is not None:
        connection.settimeout(min(_LONGEST_WAIT, max(0.001, give_up - time.monotonic())))


def _read(said):
    try:
        answer = json.loads(said.decode('utf-8'))
    except ValueError:
        answer = None
    if isinstance(answer, dict):
        return answer
    return {'error': {'code': 'BAD_FRAME', 'message': 'the agent answered something that is not JSON'}}


def _is_mine(answer, request_id):
    # An agent that could not read the request's id cannot repeat it; on this connection there was only one request.
    return answer.get('id') == request_id or not answer.get('id')


def _result(title, answer):
    error = answer.get('error')
    if error is None and 'result' in answer:
        return answer['result']
    if not isinstance(error, dict):
        raise Error('BAD_RESULT', '%s: the agent answered neither a result nor an error' % title)
    code, message = str(error.get('code', 'INTERNAL')), str(error.get('message', 'no reason given'))
    kinds = {'BARRIER_BROKEN': BarrierBroken, 'BARRIER_ABORTED': BarrierBroken, 'TIMED_OUT': TimedOut}
    raise kinds.get(code, Error)(code, message)


def _line(title, request):
    try:
        line = json.dumps(request, allow_nan=False).encode('ascii') + b'\n'
    except (TypeError, ValueError, RecursionError) as error:
        raise Error('BAD_PARAMS', '%s: this value cannot be sent as JSON (%s)' % (title, error)) from error
    if len(line) > _LONGEST_LINE:
        raise Error('VALUE_TOO_LARGE', '%s: more than 1 MiB; put the data into a file in $TUTTI_OUT and pass its name' % title)
    return line


def _environment(name):
    value = os.environ.get(name)
    if value:
        return value
    raise Error('USAGE', '%s is not set: this works only inside a script that Tutti runs (try "tutti run --local")' % name)


def _list(names):
    """A lone string is one name, not its letters."""
    if names is None:
        return None
    return [names] if isinstance(names, str) else list(names)


def _seconds(span):
    if span is None:
        return None
    if isinstance(span, (int, float)) and not isinstance(span, bool) and 0 <= span < float('inf'):
        return span
    match = _SPAN.fullmatch(span) if isinstance(span, str) else None
    if match is None:
        raise Error('BAD_PARAMS', '%r is not a time span: write 30s, 500ms, 2m, 1h, or seconds' % (span,))
    number = float(match.group(1))
    unit = match.group(2)
    if unit == 'ms':
        return number / 1000
    return number * {'h': 3600, 'm': 60}.get(unit, 1)
