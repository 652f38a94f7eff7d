"""Where in its story a driver is: in which steps of which test, in each of its threads."""

import threading

_here = threading.local()


def path():
    return getattr(_here, 'path', ())


def enter(names):
    """In this thread, from now on."""
    _here.path = tuple(names)
