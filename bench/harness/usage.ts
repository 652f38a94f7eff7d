/** What a process of a bench has used so far. */
export interface Usage {
  /** Bytes of memory, now. */
  rss: number;
  /** Milliseconds of processor time, since its start. */
  cpu: number;
}

export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { rss: process.memoryUsage.rss(), cpu: (user + system) / 1000 };
}
