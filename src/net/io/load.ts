/**
 * How busy the machine is, through `os-utils`: it matters for punching, where a late packet is a
 * lost one. Only three of its functions are used; its `getProcesses` ends the process.
 */
export interface Load {
  /** Share of the processors in use over one second, 0 to 1. */
  readonly cpu: number;
  /** Share of the memory in use, 0 to 1. */
  readonly memoryUsed: number;
  /** Processes that want to run, averaged over a minute; 0 on Windows. */
  readonly load1: number;
}

/** Takes a second: the processors are watched that long. */
export async function sampleLoad(): Promise<Load> {
  const { default: utils } = await import('os-utils');
  const cpu = await new Promise<number>((resolve) => utils.cpuUsage(resolve));
  return { cpu, memoryUsed: 1 - utils.freememPercentage(), load1: utils.loadavg(1) };
}
