import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Stamped } from '../../src/app/events.ts';
import { createAppStore } from '../../src/app/store.ts';

/** ms between two notifications (30 frames a second). */
const FRAME = 33;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const line = { event: 'log', level: 'info', text: 'x' } as const;

function watched() {
  const store = createAppStore(() => Date.now(), Date.now());
  const heard: number[] = [];
  const unsubscribe = store.subscribe(() => heard.push(store.getState().log.length));
  return { store, heard, unsubscribe };
}

describe('store: readers of the state', () => {
  test('hear the first change at once', () => {
    const { store, heard } = watched();
    store.emit(line);
    expect(heard).toEqual([1]);
  });

  test('hear of a burst twice: at once, and of the rest after a frame', () => {
    const { store, heard } = watched();
    for (let i = 0; i < 1_000; i++) store.emit(line);
    expect(heard).toEqual([1]);
    vi.advanceTimersByTime(FRAME - 1);
    expect(heard).toEqual([1]);
    vi.advanceTimersByTime(1);
    expect(heard).toEqual([1, 500]);
    vi.advanceTimersByTime(10 * FRAME);
    expect(heard).toEqual([1, 500]);
  });

  test('hear at most once a frame of what comes all the time, and miss no last change', () => {
    const { store, heard } = watched();
    for (let ms = 0; ms < 330; ms++) {
      store.emit(line);
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(FRAME);
    expect(heard.length).toBeGreaterThanOrEqual(10);
    expect(heard.length).toBeLessThanOrEqual(12);
    expect(heard.at(-1)).toBe(330);
  });

  test('hear the next change at once after a quiet frame', () => {
    const { store, heard } = watched();
    store.emit(line);
    vi.advanceTimersByTime(2 * FRAME);
    store.emit(line);
    expect(heard).toEqual([1, 2]);
  });

  test('hear nothing of events that change nothing', () => {
    const { store, heard } = watched();
    store.emit({ event: 'rtt', pipe: 'unknown', rtt: 1 });
    vi.advanceTimersByTime(2 * FRAME);
    expect(heard).toEqual([]);
  });

  test('hear nothing after they have unsubscribed, not even of what waited', () => {
    const { store, heard, unsubscribe } = watched();
    store.emit(line);
    store.emit(line);
    unsubscribe();
    vi.advanceTimersByTime(10 * FRAME);
    store.emit(line);
    expect(heard).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('are throttled each by itself', () => {
    const { store, heard } = watched();
    store.emit(line);
    const second: number[] = [];
    store.subscribe(() => second.push(store.getState().log.length));
    store.emit(line);
    expect([heard, second]).toEqual([[1], [2]]);
  });
});

describe('store: readers of the stream', () => {
  test('hear every event at once, stamped with ms since the start, until they unsubscribe', () => {
    const store = createAppStore(() => Date.now(), Date.now());
    const heard: Stamped[] = [];
    const unsubscribe = store.onEvent((event) => heard.push(event));
    store.emit(line);
    vi.advanceTimersByTime(120);
    store.emit(line);
    unsubscribe();
    store.emit(line);
    expect(heard).toEqual([
      { ...line, at: 0 },
      { ...line, at: 120 },
    ]);
    expect(store.now()).toBe(120);
  });

  test('find the state already changed, and may emit themselves', () => {
    const store = createAppStore(() => 0);
    const lengths: number[] = [];
    store.onEvent((event) => {
      lengths.push(store.getState().log.length);
      if (event.event === 'log' && event.text === 'x') store.emit({ ...line, text: 'y' });
    });
    store.emit(line);
    expect(lengths).toEqual([1, 2]);
  });
});
