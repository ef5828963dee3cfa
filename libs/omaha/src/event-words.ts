// Event types and results in words for people (omaha-protocol.md 3.1). Pairs that mean more than their parts have words of their own.

const typeWords: ReadonlyMap<number, string> = new Map([
  [0, 'unknown event'],
  [1, 'download complete'],
  [2, 'install complete'],
  [3, 'update complete'],
  [4, 'uninstall'],
  [5, 'download started'],
  [6, 'install started'],
  [9, 'new application install started'],
  [10, 'setup started'],
  [11, 'setup finished'],
  [12, 'update of the application started'],
  [13, 'update download started'],
  [14, 'update download finished'],
  [15, 'update installer started'],
  [16, 'setup update started'],
  [17, 'setup update complete'],
  [20, 'product registration complete'],
  [30, 'first check of an OEM install'],
  [40, 'application command started'],
  [41, 'application command ended'],
  [42, 'action run'],
  [50, 'update check failure'],
  [54, 'rebooted after an update'],
  [60, 'xz operation'],
  [61, 'zucchini operation'],
  [62, 'puffin operation'],
  [63, 'crx3 operation'],
  [64, 'unknown operation'],
  [100, 'setup failure'],
  [102, 'COM server failure'],
  [103, 'setup update failure'],
  [800, 'installed'],
]);

const resultWords: ReadonlyMap<number, string> = new Map([
  [0, 'failed'],
  [1, 'success'],
  [2, 'success, with a reboot'],
  [3, 'success, with a restart of the browser'],
  [4, 'cancelled'],
  [5, 'failed in the MSI installer'],
  [6, 'failed in another installer'],
  [7, 'no update'],
  [8, 'failed in the system installer'],
  [9, 'deferred'],
  [10, 'failed at the hand-over'],
]);

const pairWords: ReadonlyMap<string, string> = new Map([
  ['3/0', 'update failed'],
  ['3/1', 'update installed'],
  ['3/2', 'rebooted into the update'],
  ['3/9', 'update deferred by the machine'],
  ['13/1', 'update download started'],
  ['14/1', 'update download finished'],
  ['54/1', 'rebooted into the update'],
  ['800/1', 'installed'],
]);

/** `update failed`; `install started: success`; `event 77: result 12`. */
export function describeEvent(type: number, result: number): string {
  const pair = pairWords.get(`${type}/${result}`);
  if (pair !== undefined) return pair;
  return `${typeWords.get(type) ?? `event ${type}`}: ${resultWords.get(result) ?? `result ${result}`}`;
}
