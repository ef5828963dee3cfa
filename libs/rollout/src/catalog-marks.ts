// What people mark on things of the catalog and on machines: small rows beside the nouns of catalog.ts.

export type ChannelFloor = {
  channel: string;
  package: string;
  reason: string;
};

export type Blacklisting = {
  channel: string;
  package: string;
};

export type Hold = {
  machine: string;
  note: string;
};

/** Skips windows and wave until then, or until its first grant. */
export type Force = {
  machine: string;
  until: number;
};

/** What a person wrote on a machine. */
export type Card = {
  machine: string;
  name: string;
  labels: Record<string, string>;
};
