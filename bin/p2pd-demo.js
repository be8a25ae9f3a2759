#!/usr/bin/env node
// Loads the built program, nothing else.
import { main } from '../dist/cli.js';

await main(process.argv);
