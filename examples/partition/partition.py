"""Two counters lose sight of each other, go on counting, and agree again when the network is back."""

import tutti
from tutti import roles, step


def known(counter):
    """The sum as this machine knows it."""
    return int(counter.run('./counter.py %s sum' % counter.member).stdout)


def agree_on(total):
    def both():
        sums = [known(counter) for counter in roles.counter]
        assert sums == [total, total], 'the sums are %d and %d, not %d' % (sums[0], sums[1], total)
    tutti.until(both, every='200ms', timeout='5s', name='both know %d' % total)


@tutti.test
def partition():
    left, right = roles.counter

    def begin(counter):
        other = right if counter is left else left
        counter.run(': > increments')
        counter.start('counter', './counter.py %s %s' % (counter.member, other.addresses[0])).wait_for_log('counting')

    def increment(counter, times):
        counter.run('for i in $(seq %d); do echo >> increments; done' % times)

    with step('count together'):
        roles.counter.each(begin)
        increment(left, 3)
        increment(right, 4)
        agree_on(7)

    with step('cut the network'):
        right.run('ip link set eth0 down')
        left.fails('ping -c 1 -W 1 %s' % right.addresses[0])

    with step('count apart'):
        increment(left, 10)
        increment(right, 20)
        tutti.until(lambda: (known(left), known(right)) == (17, 27), every='100ms', timeout='5s', name='each counts for itself')

    with step('heal'):
        if tutti.me.params['heal'] == 'yes':
            right.run('ip link set eth0 up')
        agree_on(37)
