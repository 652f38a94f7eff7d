"""The machines of a test, by the role that they have in it."""

import collections.abc
import difflib
import json
import threading

from . import _failures, _story
from ._node import Node
from ._wire import Error, environment

_known = None


class Role(collections.abc.Sequence):
    """The machines of a role, in order. Of a role with one member it is also that machine itself: roles.client.run(…)."""

    def __init__(self, name, nodes):
        self._name = name
        self._nodes = nodes

    def __len__(self):
        return len(self._nodes)

    def __getitem__(self, index):
        if isinstance(index, int) and not -len(self._nodes) <= index < len(self._nodes):
            message = 'role "%s" has %d members, counted from 0: there is no %s.%d'
            # IndexError too, by which a loop knows the end.
            raise _NoSuchIndex('NO_SUCH_MEMBER', message % (self._name, len(self._nodes), self._name, index))
        return self._nodes[index]

    def each(self, work):
        """Does it on all of them at once, in threads; waits for all, and returns what they gave, in order."""
        return each(self._nodes, work)

    def __getattr__(self, name):
        if name.startswith('_'):
            raise AttributeError(name)
        return getattr(the_only(self._name, self._nodes), name)

    # Sequence has these two of its own, a machine has them too.
    index = property(lambda self: the_only(self._name, self._nodes).index)


class _NoSuchIndex(Error, IndexError):
    pass


def _cast():
    global _known
    if _known is None:
        _failures.catch_uncaught()
        with open(environment('TUTTI_TOPOLOGY'), encoding='utf-8') as file:
            members = json.load(file)['members']
        nodes = [Node(known) for known in sorted(members, key=lambda known: known['index'])]
        roles = {}
        for node in nodes:
            roles.setdefault(node.role, []).append(node)
        _known = ({name: Role(name, of) for name, of in roles.items()}, {node.member: node for node in nodes})
    return _known


def role_names():
    return list(_cast()[0])


def role_named(name):
    roles = _cast()[0]
    if name in roles:
        return roles[name]
    raise _nobody('no role "%s"' % name, name, list(roles))


def node_named(member):
    roles, nodes = _cast()
    if member in nodes:
        return nodes[member]
    if member in roles:
        return the_only(member, list(roles[member]))
    raise _nobody('no member "%s"' % member, member, list(nodes))


def _nobody(what, name, names):
    near = difflib.get_close_matches(str(name), names, 1)
    hint = 'did you mean "%s"?' % near[0] if near else 'there is %s' % ', '.join(names)
    return Error('NO_SUCH_MEMBER', 'the test has %s; %s' % (what, hint))


def the_only(role, nodes):
    if len(nodes) == 1:
        return nodes[0]
    message = 'role "%s" has %d members: say which, as roles.%s[0], or roles.%s.each(…)'
    raise Error('NO_SUCH_MEMBER', message % (role, len(nodes), role, role))


def each(nodes, work):
    gave, failures, path = {}, {}, _story.path()

    def one(node):
        _story.enter(path)
        try:
            gave[node.member] = work(node)
        except BaseException as error:  # pylint: disable=broad-except
            failures[node.member] = error

    threads = [threading.Thread(target=one, args=(node,), daemon=True) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        roles = ', '.join(sorted({node.role for node in nodes}))
        raise _failures.Several(roles, len(nodes), [(node.member, failures[node.member]) for node in nodes
                                                   if node.member in failures])
    return [gave[node.member] for node in nodes]
