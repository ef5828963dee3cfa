// What one request may hold (omaha-protocol.md 5). All are far above what a real client sends (one app, one event, 20 attributes) and
// keep the worst request that passes at a few milliseconds of work. They are the protocol's edge, not settings: to raise
// one, change it here and run the fuzzer.

export const limits = {
  /** Bytes of a body: a real one has 650 to 900. Enforced by whoever reads the body; beyond it the answer is 413. */
  bodyBytesMax: 128 * 1024,
  appsMax: 64,
  eventsPerAppMax: 64,
  /** All facts of a request travel in one message of at most 512 KiB. */
  eventsPerRequestMax: 256,
  attributesPerElementMax: 128,
  depthMax: 16,
  /**
   * Elements, attributes, comments and CDATA sections together. The biggest request within the other limits has 8,700; 40,000,
   * which 128 KiB have room for, kept a processor busy for 100 ms.
   */
  nodesMax: 10_000,
  /** Characters of a value that is only shown (alias, OEM, OS): longer ones are cut. */
  shownCharsMax: 1024,
  /** Characters of a machine id: a longer one is replaced by its hash. */
  machineIdCharsMax: 128,
  /** Characters of an application id that are echoed; a longer one names no application. */
  appIdCharsMax: 256,
  /** Characters of a version, track, board or prefix: a longer one is cut and marked, so that it equals nothing. */
  wordCharsMax: 255,
  errorCodeCharsMax: 32,
} as const;
