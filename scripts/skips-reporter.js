/**
 * A vitest reporter: says which tests were skipped and, where CI=true, makes that a failure, since
 * a machine that lacks what a test needs proves nothing. Where CI=true it names a file that hangs, too, and
 * ends the run. What passed only when it was tried again is named. Ends with one plain line of counts.
 */

/** ms for one file with CI=true: a test that never lets go of its thread is beyond its own limit. */
const FILE_LIMIT = Number(process.env.TEST_FILE_LIMIT ?? 300_000);

export default class SkipsReporter {
  /** @type {Map<string, NodeJS.Timeout>} */
  #limits = new Map();

  /** @param {import('vitest/node').TestModule} module */
  onTestModuleStart(module) {
    if (process.env.CI !== 'true') return;
    const giveUp = () => {
      console.log(`${module.relativeModuleId}: not done after ${FILE_LIMIT / 1000} s`);
      console.log('0 passed, 1 failed');
      process.exit(1);
    };
    this.#limits.set(module.id, setTimeout(giveUp, FILE_LIMIT));
  }

  /** @param {import('vitest/node').TestModule} module */
  onTestModuleEnd(module) {
    clearTimeout(this.#limits.get(module.id));
  }

  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} errors thrown outside any test
   */
  onTestRunEnd(modules, errors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (/** @type {string} */ state) =>
      tests.filter((test) => test.result().state === state).length;
    // Modules that did not load have no tests to count.
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const forbidden = process.env.CI === 'true' ? skipped.length : 0;

    for (const test of skipped) console.log(`skipped: ${test.module.relativeModuleId}: ${test.fullName}`);
    for (const test of tests)
      if (test.diagnostic()?.flaky)
        console.log(`passed only when tried again: ${test.module.relativeModuleId}: ${test.fullName}`);
    if (forbidden > 0) {
      console.log(`With CI=true a skipped test is a failure: ${forbidden}.`);
      process.exitCode = 1;
    }
    const counts = [
      `${count('passed')} passed`,
      `${count('failed') + broken + forbidden} failed`,
      ...(skipped.length > forbidden ? [`${skipped.length - forbidden} skipped`] : []),
    ];
    console.log(counts.join(', '));
  }
}
