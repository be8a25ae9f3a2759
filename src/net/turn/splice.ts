/** Two streams become one: what comes out of each goes into the other, no faster than it takes it. Effects. */
import type { ByteStream } from '../io/io.ts';

/** @param moved told of bytes that went through @param over called once, when both are gone */
export function splice(a: ByteStream, b: ByteStream, moved: (bytes: number) => void, over: () => void): void {
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    a.destroy();
    b.destroy();
    over();
  };
  /** @param isPaused the other one has no room */
  const read = (from: ByteStream, to: ByteStream, isPaused: boolean): void => {
    if (isOver) return;
    from.setReader({
      isPaused,
      data(bytes) {
        moved(bytes.length);
        if (!to.write([bytes])) read(from, to, true);
      },
      ended: () => to.end(),
      closed: end,
      // There is room again for what comes from the other one.
      drained: () => read(to, from, false),
    });
  };
  read(a, b, false);
  read(b, a, false);
}
