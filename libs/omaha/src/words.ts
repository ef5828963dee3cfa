// The second door of `omaha`: what codes of the protocol mean, in words. It brings no parser along, so that whoever only shows
// what machines said (fleet, history, the console) stays light.
export {
  decodeErrorCode,
  type DecodedErrorCode,
  describeErrorCode,
  type ErrorFlag,
  rollbackErrorCode,
} from './error-codes.js';
