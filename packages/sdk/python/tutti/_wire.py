"""How a call travels: one JSON object a line over the agent's Unix socket, answers matched by id."""

import errno
import json
import os
import re
import socket
import time


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


_PASSING = (errno.ENOENT, errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE, errno.EAGAIN)
_LONGEST_LINE = 1024 * 1024
_MARGIN = 5.0  # the agent keeps a call's timeout; this much later we stop waiting for an agent that is not there
_LONGEST_WAIT = 30 * 86400.0  # what every platform's socket timeout can hold
_QUIETLY = getattr(socket, 'MSG_NOSIGNAL', 0)
_SPAN = re.compile(r'(\d+(?:\.\d+)?)(ms|s|m|h)?')


def given(**args):
    return {name: value for name, value in args.items() if value is not None}


class _Exchange:
    """One request; for a message also the request that stands for our life (hold), and the acknowledgement (ack).

    `lines` is what is to be said on a new connection, `awaited` the id of the answer that counts.
    """

    def __init__(self, title, verb, args, consume):
        self.title = title
        self.awaited = os.urandom(16).hex()
        self.lines = self._say(self.awaited, verb, args)
        self._ack = None
        self._message = None
        if consume:
            self._about = given(request=self.awaited, scope=args.get('scope'))
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

    def _say(self, request_id, verb, args):
        return _line(self.title, {'id': request_id, 'call': verb, 'args': args})


def call(verb, args, timeout=None, consume=False, title=None, margin=None):
    """Repeats one request, always under the same id, until it is answered or `timeout` and a margin are over.

    margin: by default 5 s, as the agent keeps the timeout itself. title: for messages; by default the verb and its subject.
    """
    path = environment('TUTTI_SOCKET')
    named = [value for name, value in args.items() if name != 'scope'] if args else []
    if title is None:
        title = '%s "%s"' % (verb, named[0]) if named else verb
    exchange = _Exchange(title, verb, args, consume)
    give_up = None if timeout is None else time.monotonic() + timeout + (_MARGIN if margin is None else margin)
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
            if margin == 0:
                raise TimedOut('TIMED_OUT', '%s: not done within %g s' % (title, round(timeout, 1)))
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


def environment(name):
    value = os.environ.get(name)
    if value:
        return value
    raise Error('USAGE', '%s is not set: this works only inside a script that Tutti runs (try "tutti run --local")' % name)


def seconds(span):
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
