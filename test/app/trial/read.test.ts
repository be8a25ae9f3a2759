/** Reports in files: what is told of files that cannot be used. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeReport } from '../../../src/app/trial/forms.ts';
import { readTrial } from '../../../src/app/trial/read.ts';
import { sampleTrial } from '../../helpers/sample-trial.ts';

test('trial files: why one cannot be used is told in words', async () => {
  const missing = join(tmpdir(), 'p2pd-demo-no-such-folder', 'a.json');
  await expect(readTrial(missing)).rejects.toThrow(
    `${missing} cannot be read: there is nothing of this name`,
  );
  await expect(writeReport(missing, sampleTrial())).rejects.toMatchObject({
    code: 'FILE_UNUSABLE',
    message: `the report cannot be written to ${missing}: there is nothing of this name`,
  });
});
