/** Wakes one waiting loop. A ring that nobody waits for is heard by the next one who does; several are one. */
export interface Bell {
  ring: () => void;
  heard: () => Promise<void>;
}

export function makeBell(): Bell {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      isRung = wake === undefined;
      wake?.();
      wake = undefined;
    },
    heard: () => {
      if (!isRung) return new Promise((resolve) => (wake = resolve));
      isRung = false;
      return Promise.resolve();
    },
  };
}
