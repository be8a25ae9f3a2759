/** Captures themselves: journeys rely on them to find what is there. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { carrying, startCapture } from './capture.ts';
import { inLab } from './lab.ts';
import { isolatedLan } from './plans.ts';

const SECRET = 'the heron lands at dawn';

/** Sends each argument as a packet of its own over TCP, and one datagram; the other side reads to the end. */
const SEND = `
import socket, sys, time
stream = socket.create_connection((sys.argv[1], 7000))
stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for piece in sys.argv[2:]:
    stream.sendall(bytes.fromhex(piece))
    time.sleep(0.005)
stream.close()
socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM).sendto(b"datagram", (sys.argv[1], 7000))
`;
const RECEIVE = `
import socket, sys
server = socket.create_server((sys.argv[1], 7000), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("ready", flush=True)
peer = server.accept()[0]
while peer.recv(65536):
    pass
`;

const bytes = Buffer.from(SECRET);
const base64 = Buffer.from(`x${SECRET} and more`).toString('base64');

describeNeeding({ namespaces: true, commands: ['ip', 'python3'] }, 'capture', () => {
  test.each([
    ['as it is', '10.1.0.2', [bytes], true],
    ['in two packets', '10.1.0.2', [bytes.subarray(0, 9), bytes.subarray(9)], true],
    ['in two packets over IPv6', 'fd01::2', [bytes.subarray(0, 9), bytes.subarray(9)], true],
    ['in the middle of Base64', '10.1.0.2', [Buffer.from(base64)], true],
    ['with two bytes a letter', '10.1.0.2', [Buffer.from(SECRET, 'utf16le')], true],
    ['without its last letter', '10.1.0.2', [bytes.subarray(0, -1)], false],
  ] as const)('capture: a secret %s over %s is found or not', (_, ip, pieces, found) =>
    inLab(isolatedLan, async (lab) => {
      const receiver = lab.run('b', ['python3', '-c', RECEIVE, ip]);
      await receiver.until('ready', () => (receiver.stdout.includes('ready') ? true : undefined));
      const capture = await startCapture(lab, 'b');
      await lab.run('a', ['python3', '-c', SEND, ip, ...pieces.map((p) => p.toString('hex'))]).exits(0);
      await receiver.exits(0);
      const flows = await capture.stop();
      expect(carrying(flows, SECRET).map(({ protocol, to }) => [protocol, to.port])).toEqual(
        found ? [['tcp', 7000]] : [],
      );
      expect(carrying(flows, 'datagram').map(({ protocol, to }) => [protocol, to.port])).toEqual([
        ['udp', 7000],
      ]);
    })(),
  );
});
