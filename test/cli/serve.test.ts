import { describe, expect, test } from 'vitest';
import { DEFAULT_SERVE } from '../../src/app/journeys/serve.ts';
import { serveOptionsOf } from '../../src/cli/serve.ts';

describe('serve: options', () => {
  test('serve options: everything by default', () => {
    expect(serveOptionsOf({})).toEqual(DEFAULT_SERVE);
  });

  test('serve options: addresses, ports and kinds as lists, and where names are kept', () => {
    const options = serveOptionsOf({
      host: '127.0.0.1, ::1,127.0.0.1',
      ports: 'mqtt=2883, info=80,pnp=5300',
      only: 'ntp,pnp',
      pnpStore: 'sqlite:/tmp/names.db',
    });
    expect(options).toEqual({
      hosts: ['127.0.0.1', '::1'],
      ports: { ...DEFAULT_SERVE.ports, mqtt: 2883, info: 80 },
      only: ['ntp', 'pnp'],
      store: { kind: 'sqlite', path: '/tmp/names.db' },
    });
    expect(serveOptionsOf({ pnpStore: 'postgres://names@db/names' }).store).toMatchObject({
      kind: 'postgres',
    });
  });

  test.each([
    { ports: 'http=80' },
    { ports: 'mqtt' },
    { ports: 'mqtt=' },
    { ports: 'mqtt=0' },
    { ports: 'mqtt=65536' },
    { ports: 'mqtt=1e3' },
    { ports: 'mqtt=-1' },
    { ports: 'mqtt=1883=4' },
    { ports: 'mqtt=5380' },
    { ports: 'ntp=3479' },
    { ports: 'stun=65535' },
    { ports: '__proto__=5' },
    { ports: '' },
    { only: 'relay' },
    { pnpStore: 'names.db' },
    { pnpStore: 'sqlite:' },
    { only: 'info' },
    { only: 'mqtt,,ntp' },
    { host: ' ' },
  ])('serve options: %o is wrong usage', (options) => {
    expect(() => serveOptionsOf(options)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
