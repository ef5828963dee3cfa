// Loaded into a program that is measured (`node --expose-gc --import memory-probe.js`): when its parent says `memory`, it collects
// garbage and tells what it still holds.
export interface MemoryReport {
  kind: 'memory';
  usage: NodeJS.MemoryUsage;
}

process.on('message', (message) => {
  if (message !== 'memory') return;
  // Twice: what the first frees by finalizers, the second takes.
  globalThis.gc?.();
  globalThis.gc?.();
  const report: MemoryReport = { kind: 'memory', usage: process.memoryUsage() };
  process.send?.(report);
});
