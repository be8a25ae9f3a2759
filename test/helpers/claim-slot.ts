/** A process that claims a slot of the directory in its argument, says which, and holds it. */

import { randomBytes } from 'node:crypto';
import { generateSecretKey, isValidSecretKey } from '../../src/net/identity.ts';
import { claimSlot } from '../../src/net/io/files.ts';

const keys = {
  generate: () => generateSecretKey((length) => randomBytes(length)),
  isValid: isValidSecretKey,
};
const slot = await claimSlot(process.argv[2] ?? '', keys);
process.stdout.write(`${slot.number}\n`);
process.stdin.resume();
