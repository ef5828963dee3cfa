/** What is due when: a binary heap, earliest first. Entries are not removed; whoever takes one decides whether it still counts. */
export interface Agenda<T extends { at: number }> {
  add(entry: T): void;
  /** The earliest entry, if it is due. */
  takeDue(now: number): T | undefined;
  nextAt(): number | undefined;
}

export function makeAgenda<T extends { at: number }>(): Agenda<T> {
  const heap: T[] = [];
  const swap = (a: number, b: number) => {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  };
  const isBefore = (a: number, b: number) => heap[a]!.at < heap[b]!.at;
  const siftUp = (from: number) => {
    for (let n = from; n > 0 && isBefore(n, (n - 1) >> 1); n = (n - 1) >> 1) swap(n, (n - 1) >> 1);
  };
  const siftDown = () => {
    let n = 0;
    for (;;) {
      let first = n;
      for (const child of [2 * n + 1, 2 * n + 2]) if (child < heap.length && isBefore(child, first)) first = child;
      if (first === n) return;
      swap(n, first);
      n = first;
    }
  };
  return {
    add(entry) {
      heap.push(entry);
      siftUp(heap.length - 1);
    },
    takeDue(now) {
      const first = heap[0];
      if (first === undefined || first.at > now) return undefined;
      const last = heap.pop()!;
      if (heap.length > 0) {
        heap[0] = last;
        siftDown();
      }
      return first;
    },
    nextAt: () => heap[0]?.at,
  };
}
