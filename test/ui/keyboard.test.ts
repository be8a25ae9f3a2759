/** What keys do, through the whole app: from input as a terminal sends it to calls of the session. */
import { afterEach, describe, expect, test } from 'vitest';
import { createFakeSession, type FakeOptions, type FakeSession } from './fake-session.ts';
import { type RenderedApp, renderApp } from './render-app.ts';
import { ADDRESS, attempt, message, NODE_ID, open, ready, tellStartUp } from './sample-events.ts';

const [UP, DOWN, ESC, ENTER, TAB] = ['\x1b[A', '\x1b[B', '\x1b', '\r', '\t'];
const [CTRL_C, CTRL_D, PAGE_UP] = ['\x03', '\x04', '\x1b[5~'];

let session: FakeSession;
let app: RenderedApp;
afterEach(() => app.unmount());

function start(options?: FakeOptions): void {
  session = createFakeSession(options);
  tellStartUp(session);
  app = renderApp(session);
}

function calls(name: string) {
  return session.calls.filter(({ call }) => call === name);
}

/** The chat of pipe p1, with p2 beside it. */
async function chat(): Promise<void> {
  start();
  session.tell(100, open(), open({ pipe: 'p2', peer: 'c0ffee00c0ffee00' }));
  session.store.emit({ event: 'ui', action: 'go', screen: 'chat', pipe: 'p1' });
  await app.until('p2pd-demo chat', 'peer b7710e55');
}

describe('menu', () => {
  test('arrows move, around the end too, and Enter chooses', async () => {
    start();
    app.type(UP + UP);
    await app.until('❯ (3)');
    app.type(DOWN + DOWN + DOWN + ENTER);
    await app.until('p2pd-demo accept');
  });

  test('2 starts a node and shows the nodes', async () => {
    start();
    app.type('2');
    await app.until('p2pd-demo nodes');
    expect(calls('startNode')).toHaveLength(1);
    session.tell(200, ready('22220000', 1, 'p2pd1second'));
    await app.until('slot 1');
  });

  test.each(['4', CTRL_C])('%j leaves', async (key) => {
    start();
    app.type(key);
    await app.left;
  });

  test('a pasted address is no command', async () => {
    start();
    app.type(`\x1b[200~${ADDRESS}4\x1b[201~i`);
    await app.until('p2pd-demo interfaces');
  });

  test('keys that come in one piece go where the ones before them led', async () => {
    start();
    app.type(`0p2pd1abc${TAB}d${ENTER}`);
    await app.until('connecting');
    expect(calls('connect')).toMatchObject([{ choice: { peer: 'p2pd1abc', methods: ['direct'] } }]);
  });
});

describe('connect', () => {
  test('takes a long address pasted in pieces, with its line ends, and sends it whole', async () => {
    start();
    app.type('0');
    await app.until('peer');
    const pasted = `\x1b[200~${ADDRESS.match(/.{1,80}/g)?.join('\r\n')}\n\x1b[201~`;
    for (const piece of pasted.match(/[\s\S]{1,100}/g) ?? []) app.type(piece);
    await app.until(ADDRESS.slice(-20));
    app.type(TAB);
    await app.until(`peer        ${ADDRESS.slice(0, 20)}`, ADDRESS.slice(-20));
    app.type('\x1b[Z');
    await app.until(ADDRESS.slice(-50));
    app.type(ENTER);
    expect(calls('connect')).toEqual([
      {
        call: 'connect',
        choice: {
          peer: ADDRESS,
          methods: ['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay'],
          paths: ['external', 'local'],
          families: [4, 6],
        },
      },
    ]);
  });

  test('says in one line what is wrong with the form, and lets it be corrected', async () => {
    start();
    app.type('0');
    await app.until('peer');
    app.type(ENTER);
    await app.until("paste the other side's address first");
    app.type(`p2pd1abc${TAB}x${ENTER}`);
    await app.until('methods: this version has d (direct), r (reverse), p (TCP punch)');
    expect(calls('connect')).toEqual([]);
    app.type(`\x7f${ENTER}`);
    expect(calls('connect')).toHaveLength(1);
  });

  test('shows why there is nothing to connect to, and keeps what was typed', async () => {
    start({ pipe: null });
    app.type(`0p2pd1abc`);
    await app.until('p2pd1abc');
    app.type(ENTER);
    session.tell(200, {
      event: 'error',
      code: 'ADDRESS_DAMAGED',
      message: 'the address is damaged: signature',
      hint: 'copy it once more',
    });
    await app.until('✖ the address is damaged: signature', 'try: copy it once more', 'p2pd1abc');
  });

  test('Esc gives a running connect up and says so; the next goes back; the form is as it was', async () => {
    start();
    app.type(`0p2pd1abc${ENTER}`);
    await app.until('connecting');
    app.type(ESC);
    await app.until('given up');
    expect(calls('close')).toEqual([{ call: 'close', pipe: 'p1' }]);
    session.tell(300, {
      event: 'error',
      code: 'INTERRUPTED',
      message: 'given up',
      hint: '',
      pipe: 'p1',
    });
    await app.until('✖');
    app.type(ESC);
    await app.until('(4) Exit');
    app.type('0');
    await app.until('p2pd1abc');
  });

  test('the chat takes over when the pipe opens, but not when the user has gone elsewhere', async () => {
    start();
    app.type(`0p2pd1abc${ENTER}`);
    await app.until('connecting');
    session.tell(200, attempt(), attempt({ state: 'open' }), open());
    await app.until('p2pd-demo chat', 'rtt 0.4 ms');
    app.unmount();

    start();
    app.type(`0p2pd1abc${ENTER}`);
    await app.until('connecting');
    session.store.emit({ event: 'ui', action: 'go', screen: 'log' });
    session.tell(200, open());
    await app.until('p2pd-demo log', 'pipes 1');
  });
});

describe('accept', () => {
  test('a and c ask the terminal to copy address and command', async () => {
    start();
    app.type('1');
    await app.until('npx p2pd-demo connect');
    app.type('a');
    await app.until('copy the address');
    app.type('c');
    await app.until('copy the command');
    expect(app.copied).toEqual([ADDRESS, `npx p2pd-demo connect ${ADDRESS}`]);
  });

  test('Enter opens the pipe that is chosen', async () => {
    start();
    for (const pipe of ['p1', 'p2'])
      session.tell(100, open({ pipe, peer: `${pipe}peer00`, initiator: false }));
    app.type('1');
    await app.until('❯ ● from peer p2peer00');
    app.type(DOWN + ENTER);
    await app.until('p2pd-demo chat', 'peer p1peer00');
  });
});

describe('chat', () => {
  test('Enter sends what was typed, edited on the way, and empties the line', async () => {
    await chat();
    app.type('hello worlt\x7fd');
    await app.until('hello world');
    app.type(ENTER);
    expect(calls('say')).toEqual([{ call: 'say', pipe: 'p1', text: 'hello world' }]);
    await expect.poll(() => app.frame()).not.toContain('hello world');
    app.type(ENTER);
    expect(calls('say')).toHaveLength(1);
  });

  test('? is a letter there, F1 helps', async () => {
    await chat();
    app.type('why?');
    await app.until('❯ why?');
    app.type('\x1bOP');
    await app.until('Everywhere');
    app.type(ESC);
    await app.until('❯ why?');
  });

  test('what was typed to one peer never goes to another, and waits', async () => {
    await chat();
    app.type('a secret');
    await app.until('a secret');
    app.type(TAB);
    await app.until('peer c0ffee00');
    expect(app.frame()).not.toContain('a secret');
    app.type(ENTER);
    expect(calls('say')).toEqual([]);
    app.type('\x10');
    await app.until('peer b7710e55', 'a secret');
    app.type(ESC);
    await app.until('(4) Exit');
    session.store.emit({ event: 'ui', action: 'go', screen: 'chat', pipe: 'p1' });
    await app.until('a secret');
  });

  test('Ctrl+D closes the pipe; then it says why and takes no more text', async () => {
    await chat();
    app.type(CTRL_D);
    expect(calls('close')).toEqual([{ call: 'close', pipe: 'p1' }]);
    session.tell(200, { event: 'closed', pipe: 'p1', reason: 'closed\x1b[2J here' });
    await app.until('✖ closed: closed\\x1b[2J here');
    app.type(`too late${ENTER}`);
    expect(calls('say')).toEqual([]);
    app.type(ESC);
    await app.until('(4) Exit');
  });

  test('PgUp looks back and stays there while messages come in; sending goes to the end', async () => {
    await chat();
    for (let i = 0; i < 60; i++) session.store.emit(message('in', `line ${i}.`));
    await app.until('line 59.');
    app.type(PAGE_UP);
    await app.until('15 more lines below', 'line 44.');
    session.store.emit(message('in', 'news'));
    await app.until('16 more lines below', 'line 44.');
    app.type(`x${ENTER}`);
    await app.until('news');
  });

  test('hostile text neither moves nor breaks the frame', async () => {
    await chat();
    session.tell(
      200,
      message('in', `\x1b[2J\x1b]0;title\x07\u202eevil${'\u0301'.repeat(300)}`),
      message('in', 'あ'.repeat(500)),
      message('in', `${'👩\u200d'.repeat(200)}👍${'🏽'.repeat(200)}`),
      message('in', 'x'.repeat(16_384)),
      message('in', 'the end'),
    );
    await app.until('the end');
    expect(app.lines()).toHaveLength(23);
    app.type(PAGE_UP.repeat(40));
    await app.until('\\x1b[2J\\x1b]0;title\\x07\\u{202e}evil');
    expect(app.lines()).toHaveLength(23);
  });

  test('the session measures the round trip of the pipe in front only', async () => {
    await chat();
    await expect.poll(() => calls('watch').at(-1)).toEqual({ call: 'watch', pipe: 'p1' });
    app.type(TAB);
    await expect.poll(() => calls('watch').at(-1)).toEqual({ call: 'watch', pipe: 'p2' });
    app.type(ESC);
    await expect.poll(() => calls('watch').at(-1)).toEqual({ call: 'watch', pipe: null });
  });
});

describe('QR code', () => {
  test('says how large the terminal must be, shows the code in one that is, and any key goes back', async () => {
    start();
    app.type('1');
    await app.until('npx p2pd-demo');
    app.type('q');
    await app.until('needs a terminal of', 'this one has 80×24');
    app.resize({ columns: 160, rows: 80 });
    await app.until('The command for the other person; any key goes back', '█');
    app.type('x');
    await app.until('p2pd-demo accept', NODE_ID.slice(0, 8));
  });
});
