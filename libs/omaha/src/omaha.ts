// The door of `omaha`: the protocol as a codec. Bytes become a request or a named refusal, an answer becomes bytes. It decides
// nothing. Wire words (app, updatecheck, ping) end here.
export { normaliseAppId } from './application-id.js';
export { type DecodedErrorCode, decodeErrorCode, type ErrorFlag } from './error-codes.js';
export { describeEvent } from './event-words.js';
export { limits } from './limits.js';
export { parseRequest } from './parse.js';
export { isHeartbeat, isSyncer, type MachineArch, resolveArch, resolveTrack } from './recognise.js';
export { parseByReference } from './reference.js';
export { renderResponse, toDayStart } from './render.js';
export {
  type Malformed,
  type MalformedCause,
  malformedCauses,
  type NamedValue,
  type ParsedRequest,
  type RequestApp,
  type RequestEvent,
  type RequestOs,
  type RequestPing,
  type RequestUpdateCheck,
} from './request.js';
export type {
  Manifest,
  ManifestPackage,
  NoUpdate,
  OmahaResponse,
  PostinstallAction,
  RefusedApp,
  ResponseApp,
  ServedApp,
  UpdateOffer,
} from './response.js';
export { type Declined, scanRequest } from './scanner.js';
export { doubtedAttributes } from './values.js';
