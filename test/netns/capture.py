"""Writes every IP packet that a machine sees to a file in pcap's format (LINKTYPE_RAW).

    capture.py FILE

Says "ready" when it listens; on SIGTERM it takes what is still waiting and ends. Fails if the
system had to drop packets: what was not seen cannot be searched.
"""

import select
import signal
import socket
import struct
import sys
import time

ETH_P_ALL = 0x0003
ETH_P_IP = (0x0800, 0x86DD)
SO_RCVBUFFORCE, SOL_PACKET, PACKET_STATISTICS = 33, 263, 6
BUFFER = 64 * 1024 * 1024
LINKTYPE_RAW = 101
LARGEST_PACKET = 262144


def main():
    # SOCK_DGRAM: without the link's own header, so that every kind of link looks the same.
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    sock.setblocking(False)
    asked, ask = socket.socketpair()
    signal.signal(signal.SIGTERM, lambda *_: ask.send(b"."))
    with open(sys.argv[1], "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, LARGEST_PACKET, LINKTYPE_RAW))
        print("ready", flush=True)
        over = False
        while not over:
            over = asked in select.select([sock, asked], [], [])[0]
            drain(sock, file)
    dropped = struct.unpack("II", sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
    if dropped > 0:
        sys.exit(f"{dropped} packets were dropped")


def drain(sock, file):
    while True:
        try:
            packet, sender = sock.recvfrom(LARGEST_PACKET)
        except BlockingIOError:
            return
        if sender[1] in ETH_P_IP:
            now = time.time()
            stamp = struct.pack("<II", int(now), int(now % 1 * 1_000_000))
            file.write(stamp + struct.pack("<II", len(packet), len(packet)) + packet)


main()
