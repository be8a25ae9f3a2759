"""Two TUN devices joined by a line that holds every packet for a fixed time.

    delay-line.py NAME NAME ONE_WAY_MS LOSS SEED [MAX_PACKETS]

Says "ready" once both devices exist; they may be moved to other network namespaces then, and work
on as long as this process lives. LOSS is a fraction, drawn from SEED, so that a run repeats. Packets
beyond MAX_PACKETS on their way are dropped, as a router's full queue does.

One process that reads, waits and writes is exact to a tenth of a millisecond. Kernels without netem
leave nothing shorter: socat would hand each packet to Node as a datagram, two more wake-ups each way
and timers of a whole millisecond.
"""

import collections
import fcntl
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
LARGEST_PACKET = 65536
# select() wakes some 60 us late: the last stretch is spent looking at the clock.
SPIN = 0.0001


def open_tun(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH14x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def main():
    names, delay = sys.argv[1:3], float(sys.argv[3]) / 1000
    loss, dice = float(sys.argv[4]), random.Random(int(sys.argv[5]))
    limit = int(sys.argv[6]) if len(sys.argv) > 6 else 20000
    a, b = (open_tun(name) for name in names)
    other = {a: b, b: a}
    # The delay is the same for all, so packets leave in the order they came.
    line = collections.deque()
    print("ready", flush=True)
    while True:
        wait = max(0, line[0][0] - time.monotonic() - SPIN) if line else None
        readable, _, _ = select.select([a, b], [], [], wait)
        for device in readable:
            try:
                packet = os.read(device, LARGEST_PACKET)
            except BlockingIOError:
                continue
            if len(line) < limit and (loss == 0 or dice.random() >= loss):
                line.append((time.monotonic() + delay, other[device], packet))
        while line and line[0][0] <= time.monotonic():
            _, device, packet = line.popleft()
            try:
                os.write(device, packet)
            except OSError:
                pass  # The device is down for now, or its queue is full: the packet is lost.


main()
