"""Round trips of single datagrams.

    udp-ping.py answer IP            sends back what comes; says "ready" first
    udp-ping.py ask IP COUNT WAIT_MS prints the ms of each that came back in that time
"""

import socket
import sys
import time

PORT = 7


def main():
    role, ip = sys.argv[1:3]
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if role == "answer":
        sock.bind((ip, PORT))
        print("ready", flush=True)
        while True:
            data, sender = sock.recvfrom(64)
            sock.sendto(data, sender)
    sock.settimeout(float(sys.argv[4]) / 1000)
    for number in range(int(sys.argv[3])):
        began = time.monotonic()
        sock.sendto(b"%d" % number, (ip, PORT))
        try:
            # One that was given up on may still come.
            while sock.recv(64) != b"%d" % number:
                pass
        except TimeoutError:
            continue
        print("%.2f" % ((time.monotonic() - began) * 1000))


main()
