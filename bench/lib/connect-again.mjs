/**
 * One node that connects again and again to the same peer, and prints how long each connect took, in ms. Runs in a
 * namespace of a benchmark: LIBRARY SERVERS ADDRESS RUNS PAUSE.
 */
import { readFileSync } from 'node:fs';

const [library = '', servers = '', address = '', runs = '1', pause = '0'] = process.argv.slice(2);
const { P2PNode, parseServersText } = await import(library);
const node = await P2PNode.start({ servers: parseServersText(readFileSync(servers, 'utf8')) });
for (let run = 0; run < Number(runs); run++) {
  const began = performance.now();
  const pipe = await node.connect(address);
  console.log(JSON.stringify({ method: pipe.info.method, elapsed: performance.now() - began }));
  await pipe.close();
  await new Promise((resolve) => setTimeout(resolve, Number(pause)));
}
await node.stop();
