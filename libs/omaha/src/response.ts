// What we answer, before it is XML. The shapes leave out what must not be said: an application that is not `ok` cannot carry
// an offer (update_engine ignores the application's status and would install it: omaha-protocol.md 0, no. 4).

export interface OmahaResponse {
  /** Milliseconds since the epoch; `daystart` is in UTC. */
  now: number;
  /** In the order of the request, every requested application exactly once. */
  apps: readonly ResponseApp[];
}

export type ResponseApp = ServedApp | RefusedApp;

interface AppAcknowledgement {
  /** As the request had it. */
  appid: string;
  /** Whether the request had a ping. */
  ping: boolean;
  /** How many events the request had: each gets one acknowledgement. */
  events: number;
}

export interface ServedApp extends AppAcknowledgement {
  status: 'ok';
  /** Null when the request did not ask. */
  updateCheck: NoUpdate | UpdateOffer | null;
}

export interface RefusedApp extends AppAcknowledgement {
  status: 'error-unknownApplication' | 'error-invalidAppId' | 'restricted';
  updateCheck: NoUpdate | null;
}

export interface NoUpdate {
  status: 'noupdate';
  pollIntervalSeconds: number;
  /** The reason, for people who look at the wire; all clients ignore it. '' leaves it out. */
  info: string;
}

export interface UpdateOffer {
  status: 'ok';
  pollIntervalSeconds: number;
  /** Absolute, http or https, ending in `/`, without a query; the first is tried first. At least one. */
  codebases: readonly string[];
  /** One for a machine. Several, ascending, only for a syncer that can read them. */
  manifests: readonly Manifest[];
}

export interface Manifest {
  version: string;
  /** The main payload first: update_engine downloads the first package of the document. */
  packages: readonly ManifestPackage[];
  action: PostinstallAction | null;
  /** For syncers; null: no floor. */
  floorReason: string | null;
  isTarget: boolean;
}

export interface ManifestPackage {
  name: string;
  size: number;
  required: boolean;
  /** base64, or null when not known. */
  sha1: string | null;
  /** Lower-case hex, or null when not known. */
  sha256: string | null;
}

/** The one action that update_engine acts on. Null and false attributes are left out. */
export interface PostinstallAction {
  /** base64: the only hash that update_engine checks. */
  sha256: string;
  disablePayloadBackoff: boolean;
  isDelta: boolean;
  needsAdmin: boolean;
  displayVersion: string | null;
  metadataSignatureRsa: string | null;
  metadataSize: string | null;
  deadline: string | null;
}
