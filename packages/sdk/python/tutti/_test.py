"""Tests of a driver, their steps, and what is always to hold meanwhile."""

import datetime
import signal
import sys
import threading
import time

from . import InvariantBroken, _failures, _holds, _story, result
from ._command import in_words
from ._failures import Skipped
from ._wire import Error

__all__ = ['Skipped', 'Step', 'always', 'test']

_LONGEST_NAME = 128

_current = None
_held_back = None
_told = {}


class _CutShort(BaseException):
    """Raised in the middle of a test that has failed already."""


class _UnderWay:
    def __init__(self, name):
        self.name = name
        self.began = time.monotonic()
        self.watches = []
        self.has_steps = False
        self.broken = None
        self.lock = threading.Lock()
        self.in_body = False
        self.thread = threading.current_thread()

    def break_off(self, error):
        """From another thread: it has failed, whatever it is at."""
        with self.lock:
            if self.broken is not None:
                return
            self.broken = error
            if self.in_body and self.thread is threading.main_thread():
                # What the main thread waits in is woken by a signal only.
                signal.pthread_kill(self.thread.ident, signal.SIGINT)


def test(name):
    if callable(name):
        _run(name.__name__.replace('_', ' '), name)
        return name

    def decorate(work):
        _run(name, work)
        return work
    return decorate


def _run(name, work):
    global _current, _held_back
    if _current is not None:
        raise Error('USAGE', 'test "%s" in test "%s": a part of a test is a step' % (name, _current.name))
    _failures.catch_uncaught()
    outcomes = _failures.outcomes
    if _held_back is not None:
        _held_back()
        _held_back = None
    if 'error' in outcomes:
        _report((name,), 'skip', 0, Skipped('not run, as the lab broke before it'))
        return
    _current = running = _UnderWay(name)
    _story.enter((name,))
    error = _failure_in(running, work)
    duration = time.monotonic() - running.began
    outcome = 'pass' if error is None else _failures.outcome_of(error)
    for watch in list(running.watches):
        watch.stop()
    _story.enter(())
    _current = None
    first = not outcomes
    outcomes.append(outcome)
    if outcome == 'skip':
        sys.stderr.write(_failures.sentence('%s: skipped' % name, error) + '\n')
    elif error is not None:
        _failures.tell(name, error)
    if running.has_steps or not first:
        _report((name,), outcome, duration, error)
    else:
        # A file's only test, without steps, is no subtest: it is what the report calls the test.
        _held_back = lambda: _report((name,), outcome, duration, error)


def _failure_in(running, work):
    """What was raised first: by the test, or by what it was always to hold."""
    before = None
    if running.thread is threading.main_thread():
        before = signal.signal(signal.SIGINT, lambda *_: _interrupt(running))
    error = None
    try:
        try:
            running.in_body = True
            work()
            for watch in list(running.watches):
                watch.finish()
        finally:
            with running.lock:
                running.in_body = False
    except _CutShort:
        pass
    except Exception as raised:  # pylint: disable=broad-except
        error = raised
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
    return running.broken if running.broken is not None else error


def _interrupt(running):
    if running.broken is None:
        raise KeyboardInterrupt
    if running.in_body:
        running.in_body = False
        raise _CutShort


class Step:
    def __init__(self, name):
        self._name = name

    def __enter__(self):
        if _current is not None:
            _current.has_steps = True
        self._before = _story.path()
        self._path = self._before + (self._name,)
        _story.enter(self._path)
        self._began = time.monotonic()
        return self

    def __exit__(self, kind, error, trace):
        _story.enter(self._before)
        duration = time.monotonic() - self._began
        if isinstance(error, _CutShort) and _current is not None:
            error = _current.broken
        outcome = 'pass' if error is None else _failures.outcome_of(error)
        _report(self._path, outcome, duration, error)
        return False


def _report(path, outcome, duration, error=None):
    name = ' / '.join(path)
    if len(name) > _LONGEST_NAME:
        name = name[:_LONGEST_NAME - 1] + '…'
    message = None
    if error is not None:
        # Those around the step in which it happened only say so.
        told = _told.setdefault(id(error), (name, error))[0]
        words = str(error) if outcome == 'skip' else _failures.sentence('', error)
        message = 'see "%s"' % told if told != name else words
    result(name, outcome, duration=duration, message=message)


class _Watch:
    def __init__(self, running, condition, every, name):
        self._running = running
        self._condition = condition
        self._every = every
        self._title = '"%s"' % name if name else 'what was always to hold'
        self._stopped = threading.Event()
        self._looking = threading.Lock()
        self.checks = 0

    def stop(self):
        """From now on it need not hold any more."""
        self._stopped.set()
        if self in self._running.watches:
            self._running.watches.remove(self)

    def finish(self):
        """Looks for the last time, after the look that goes on."""
        error = None if self._stopped.is_set() else self.look()
        if error is not None:
            self._running.break_off(error)

    def watch(self):
        while not self._stopped.is_set():
            error = self.look()
            if error is not None:
                if not self._stopped.is_set():
                    self._running.break_off(error)
                return
            self._stopped.wait(self._every)

    def look(self):
        with self._looking:
            try:
                held, why, cause = _holds.try_once(self._condition)
            except Exception as error:  # pylint: disable=broad-except
                return error
            if held:
                self.checks += 1
                return None
            after = time.monotonic() - self._running.began
            at = datetime.datetime.now(datetime.timezone.utc)
            when = 'broke %s after the test began (%s)' % (in_words(after), at.strftime('%Y-%m-%dT%H:%M:%S.%fZ'))
            broken = InvariantBroken('%s %s: %s' % (self._title, when, why), after, at)
            broken.__cause__ = cause
            return broken


def always(condition, every, name):
    if _current is None:
        raise Error('USAGE', 'always: there is no test under way, at whose end it would stop')
    watch = _Watch(_current, condition, every, _holds.name_of(condition) if name is None else name)
    _current.watches.append(watch)
    thread = threading.Thread(target=watch.watch, name='tutti.always', daemon=True)
    thread.start()
    return watch
