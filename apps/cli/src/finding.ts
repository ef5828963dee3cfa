// One line of `platte doctor`.
export interface Finding {
  name: string;
  ok: boolean;
  /** It works, and a person should look soon. */
  isWarning?: boolean;
  text: string;
  /** What to run or get when it is not well. */
  next?: string;
}
