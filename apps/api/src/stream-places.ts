// Who holds the live streams of this replica. Each holds a socket and a queue, so their number is bounded, and a caller has a
// share of them: else one token could keep everybody else from listening. A place is taken before anything is awaited, so
// that requests that come at once cannot take more than there are.

export interface StreamPlaces {
  /** @returns what gives the place back, or whose places are all taken */
  take(caller: string): (() => void) | 'all-taken' | 'own-taken';
}

export function makeStreamPlaces({ total, perCaller }: { total: number; perCaller: number }): StreamPlaces {
  const held = new Map<string, number>();
  let count = 0;
  return {
    take(caller) {
      const own = held.get(caller) ?? 0;
      if (own >= perCaller) return 'own-taken';
      if (count >= total) return 'all-taken';
      count++;
      held.set(caller, own + 1);
      let isGiven = false;
      return () => {
        if (isGiven) return;
        isGiven = true;
        count--;
        const left = (held.get(caller) ?? 1) - 1;
        if (left === 0) held.delete(caller);
        else held.set(caller, left);
      };
    },
  };
}
