"""A failure as it stands in a driver's stderr: what failed, where in the driver, why; and last one sentence, which the report quotes.

Tells "what is tested failed" (exit status 1) from "the lab broke" (99). Of a stack only the driver's own frames are shown.
"""

import atexit
import errno
import linecache
import os
import sys
import sysconfig
import threading
import traceback
import unittest

from . import CommandFailed, Error
from ._command import last_lines

_LAB_CODES = frozenset([
    'BAD_FRAME', 'BAD_RESULT', 'DIGEST_MISMATCH', 'DISK_FULL', 'FRAME_TOO_LARGE', 'INTERNAL', 'LAB_FAILED', 'MASTER_STOPPING',
    'NODE_LOST', 'NOT_CONNECTED', 'NO_MASTER', 'SLOW_PEER', 'STATE_NOT_WRITABLE', 'TOO_MANY_CALLS', 'UNKNOWN_CALL',
])
_LONGEST_SENTENCE = 200  # what an agent keeps of a last line
_MOST_FRAMES = 8
_MOST_OF_SEVERAL = 5
_DEEPEST = 4

_own = os.path.dirname(os.path.abspath(__file__))
_foreign = tuple(path + os.sep for path in {_own, *(sysconfig.get_paths().get(name) or _own for name in (
    'stdlib', 'platstdlib', 'purelib', 'platlib'))})


class Skipped(unittest.SkipTest):
    """Raised by skip."""


class Several(Exception):
    """Several machines, each with its failure: `failures` is [(member, exception)]."""

    def __init__(self, role, of, failures):
        self.failures = failures
        # Most messages name the member by themselves.
        texts = [said(error) if member in said(error) else '%s: %s' % (member, said(error)) for member, error in failures]
        super().__init__('on %d of %d machines of %s: %s' % (len(failures), of, role, '; '.join(texts)))


def is_of_lab(error):
    if isinstance(error, Several):
        return any(is_of_lab(one) for _, one in error.failures)
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    return isinstance(error, Error) and error.code in _LAB_CODES


def outcome_of(error):
    if isinstance(error, unittest.SkipTest):
        return 'skip'
    return 'error' if is_of_lab(error) else 'fail'


def exit_status(outcomes):
    if 'error' in outcomes:
        return 99
    if 'fail' in outcomes:
        return 1
    return 77 if outcomes and all(outcome == 'skip' for outcome in outcomes) else 0


def presented(title, error):
    """All lines; `title` is the test's name, and empty outside of one."""
    whose = 'the lab broke' if is_of_lab(error) else 'failed'
    return '\n'.join(['%s: %s' % (whose, said(error))] + _details(error, 0) + [sentence(title, error)])


def sentence(title, error):
    """In at most 200 characters: what failed, why, and where."""
    frame = _first_frame(error)
    where = '' if frame is None else ' (%s)' % _place(frame)
    begin = '%s: ' % title if title else ''
    whose = 'the lab broke: ' if is_of_lab(error) else ''
    what = said(error).split('\n', 1)[0]
    room = _LONGEST_SENTENCE - len(begin) - len(whose) - len(where)
    if len(what) > room:
        what = what[:max(room - 1, 40)] + '…'
    return begin + whose + what + where


def said(error):
    if isinstance(error, Error):
        return error.message
    if isinstance(error, (Several, unittest.SkipTest)):
        return str(error)
    if isinstance(error, AssertionError):
        frames = _frames(error)
        return str(error) or (linecache.getline(*frames[0]).strip() if frames else '') or 'assertion failed'
    return '%s: %s' % (type(error).__name__, error) if str(error) else type(error).__name__


def _details(error, depth):
    lines = []
    for number, frame in enumerate(_frames(error)[:_MOST_FRAMES]):
        lines.append('    at %s' % _place(frame))
        source = linecache.getline(*frame).rstrip() if number == 0 else ''
        if source and len(source) <= 200:
            lines.append('    %4d | %s' % (frame[1], source))
    if isinstance(error, CommandFailed):
        name, last = last_lines(error.result)
        if last:
            lines += ['  its %s ended with:' % name] + ['    %s' % line for line in last]
    if depth >= _DEEPEST:
        return lines
    if isinstance(error, Several):
        for _, one in error.failures[:_MOST_OF_SEVERAL]:
            lines += ['  %s' % said(one)] + ['  %s' % line for line in _details(one, depth + 1)]
        more = len(error.failures) - _MOST_OF_SEVERAL
        if more > 0:
            lines.append('  … and %d more' % more)
    cause = error.__cause__
    if cause is not None and not isinstance(cause, OSError):
        lines += ['  caused by: %s' % said(cause)] + ['  %s' % line for line in _details(cause, depth + 1)]
    return lines


def _frames(error):
    """(file, line) of the driver's own, where it was raised first."""
    if isinstance(error, SyntaxError) and error.filename:
        return [(error.filename, error.lineno or 1)]
    frames = traceback.extract_tb(error.__traceback__)
    return [(frame.filename, frame.lineno) for frame in reversed(frames) if _is_own(frame.filename)]


def _is_own(filename):
    path = os.path.abspath(filename)
    return os.path.isfile(path) and not path.startswith(_foreign)


def _place(frame):
    near = os.path.relpath(frame[0])
    return '%s:%d' % (frame[0] if near.startswith('..') else near, frame[1])


def _first_frame(error):
    frames = _frames(error)
    if frames:
        return frames[0]
    inner = error.failures[0][1] if isinstance(error, Several) else error.__cause__
    return None if inner is None else _first_frame(inner)


# What the script's tests, and what nobody caught, came to: decided when the script ends.

outcomes = []
_installed = False


def tell(title, error):
    sys.stdout.flush()
    sys.stderr.write(presented(title, error) + '\n')
    sys.stderr.flush()


def catch_uncaught():
    global _installed
    if _installed:
        return
    _installed = True
    atexit.register(_end_with_status)
    sys.excepthook = _uncaught
    if hasattr(threading, 'excepthook'):
        threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _uncaught(kind, error, trace):
    if error is None or issubclass(kind, (KeyboardInterrupt, SystemExit)):
        sys.__excepthook__(kind, error, trace)
        return
    outcomes.append(outcome_of(error))
    tell('', error)


def _end_with_status():
    """An exit status cannot be changed any more when a script ends; so this is its end."""
    status = exit_status(outcomes)
    if status:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # pylint: disable=protected-access
