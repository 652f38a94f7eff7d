"""What it means that a condition holds, for until and always alike: it neither raises nor gives something false. None holds."""

import time

from . import CommandFailed
from ._clock import capped
from ._command import in_words, seconds_for
from ._failures import is_of_lab, said
from ._wire import TimedOut, seconds


def name_of(function):
    name = getattr(function, '__name__', '')
    return '' if name.startswith('<') else name.replace('_', ' ')


def try_once(condition):
    """(True, its value) or (False, why, cause). Raises what no repetition can mend: that the lab broke."""
    try:
        value = condition()
    except Exception as error:  # pylint: disable=broad-except
        if is_of_lab(error):
            raise
        return False, said(error), error
    return (True, value, None) if value is None or value else (False, 'it gave %r' % (value,), None)


def _is_late(error):
    return isinstance(error, TimedOut) or (isinstance(error, CommandFailed) and error.timed_out)


def repeat(condition, timeout, every, name):
    span, pause = seconds_for(timeout), seconds(every)
    give_up = None if span is None else time.monotonic() + span
    title = 'until %s' % name if name else 'until'
    tries, last, reason = 0, None, None
    while True:
        with capped(give_up):
            held, value, cause = try_once(condition)
        tries += 1
        if held:
            return value
        left = None if give_up is None else give_up - time.monotonic()
        # What it said when it was cut short says nothing, if it has said something before.
        if last is None or not (left is not None and left <= 0 and _is_late(cause)):
            last, reason = value, cause
        if left is not None and left <= 0:
            times = 'once' if tries == 1 else '%d times' % tries
            message = '%s: did not hold within %s, tried %s; the last time: %s' % (title, in_words(span), times, last)
            raise TimedOut('TIMED_OUT', message) from reason
        time.sleep(pause if left is None else min(pause, left))
