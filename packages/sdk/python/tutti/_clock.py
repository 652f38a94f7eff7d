"""How much time the test has left, as far as this script knows: what it was told at its start, and what its own extend was given."""

import contextlib
import os
import threading
import time

_started = time.monotonic()
_deadline = None
_here = threading.local()


def note_time_left(seconds):
    global _deadline
    _deadline = time.monotonic() + seconds


def default_timeout():
    """What a wait has that says nothing else: the time left less 2 s, so that its failure can still be told. As at a barrier.

    In something that has less time, that.
    """
    global _deadline
    now = time.monotonic()
    cap = getattr(_here, 'cap', None)
    if _deadline is None:
        try:
            _deadline = _started + float(os.environ['TUTTI_DEADLINE'])
        except (KeyError, ValueError):
            return None if cap is None else max(cap - now, 0.001)
    left = _deadline - now
    own = max(left - 2, left / 2, 0.001)
    return own if cap is None else max(min(own, cap - now), 0.001)


@contextlib.contextmanager
def capped(give_up):
    """Waits of this thread that say nothing else end by then, on the monotonic clock."""
    before = getattr(_here, 'cap', None)
    _here.cap = give_up if before is None or (give_up is not None and give_up < before) else before
    try:
        yield
    finally:
        _here.cap = before
