/** Of names in NATS: tests have their own. */
export interface Named {
  prefix?: string;
}
