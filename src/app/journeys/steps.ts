/** A part of start-up as events: that it began, then once how it ended. */
import { reasonOf } from '../../net/index.ts';
import type { StepName } from '../events.ts';
import type { Emit } from '../store.ts';

export interface RunningStep {
  /** What is told after an outcome is not heard. */
  done(detail?: string): void;
  /** Tells the fault and throws it on. */
  failed(error: unknown): never;
}

export function beginStep(emit: Emit, name: StepName): RunningStep {
  let isOver = false;
  const end = (state: 'ok' | 'failed', detail?: string) => {
    if (isOver) return;
    isOver = true;
    emit({ event: 'step', name, state, ...(detail === undefined ? {} : { detail }) });
  };
  emit({ event: 'step', name, state: 'start' });
  return {
    done: (detail) => end('ok', detail),
    failed: (error) => {
      end('failed', reasonOf(error));
      throw error;
    },
  };
}

/** @param describe what was found, in a few words */
export async function runStep<T>(
  emit: Emit,
  name: StepName,
  action: () => Promise<T>,
  describe: (result: T) => string,
): Promise<T> {
  const step = beginStep(emit, name);
  const result = await action().catch(step.failed);
  step.done(describe(result));
  return result;
}
