/** A front that takes WebSockets for a broker behind it, as web servers do: node web-socket-front.js PORT HOST:PORT. */
import { connect } from 'node:net';
import { createWebSocketStream, WebSocketServer } from 'ws';

const [port = '', behind = ''] = process.argv.slice(2);
const [host = '', to = ''] = behind.split(':');
const front = new WebSocketServer({ port: Number(port), host: '0.0.0.0', handleProtocols: () => 'mqtt' });
front.on('connection', (socket) => {
  const outside = createWebSocketStream(socket);
  const inside = connect(Number(to), host);
  outside.on('error', () => inside.destroy());
  inside.on('error', () => outside.destroy());
  outside.pipe(inside).pipe(outside);
});
front.on('listening', () => console.log('listening'));
