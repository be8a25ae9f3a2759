"""Asks a server until it answers on every port, then says "ready".

    answers.py LIMIT_S PORT mqtt|stun|stun-tcp|ntp IP [mqtt|… IP]…

One plain request of each protocol: MQTT 3.1.1 CONNECT, STUN Binding (RFC 8489), NTP client packet
(RFC 5905). Fails with the last reason when the limit is over.
"""

import os
import socket
import sys
import time

BINDING = b"\x00\x01\x00\x00\x21\x12\xa4\x42"


def dial(ip, port, kind):
    sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, kind)
    sock.settimeout(0.2)
    sock.connect((ip, port))
    return sock


def ask(kind, ip, port):
    """The answer has to be one, and to this question."""
    with dial(ip, port, socket.SOCK_STREAM if kind in ("mqtt", "stun-tcp") else socket.SOCK_DGRAM) as sock:
        if kind == "mqtt":
            sock.sendall(b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x05\x00\x02up")
            return sock.recv(4) == b"\x20\x02\x00\x00"
        if kind == "ntp":
            stamp = os.urandom(8)
            sock.sendall(b"\x23" + bytes(39) + stamp)
            answer = sock.recv(256)
            return len(answer) >= 48 and answer[0] & 7 == 4 and answer[24:32] == stamp and 0 < answer[1] < 16
        transaction = os.urandom(12)
        sock.sendall(BINDING + transaction)
        answer = sock.recv(1500)
        return answer[:2] == b"\x01\x01" and answer[8:20] == transaction


def wait(kind, ip, port, limit):
    reason = "a wrong answer"
    while time.monotonic() < limit:
        try:
            if ask(kind, ip, port):
                return
        except OSError as error:
            reason = error
        time.sleep(0.02)
    sys.exit(f"{kind} {ip} {port}: {reason}")


def main():
    limit, port = time.monotonic() + float(sys.argv[1]), int(sys.argv[2])
    for kind, ip in zip(sys.argv[3::2], sys.argv[4::2]):
        wait(kind, ip, port, limit)
    print("ready")


main()
