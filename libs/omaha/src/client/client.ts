// The second door of `omaha`: the protocol from the machine's side. `./platte simulate` and the tests run it; no server does.
export { composeRequest, type MachineProfile, type RequestContent, type WireEvent } from './compose.js';
export { type CheckAnswer, type Offer, readCheckAnswer } from './read-answer.js';
export { childrenNamed, elementsAt, readTree, type TreeElement } from './read-tree.js';
export {
  type Action,
  type Happening,
  makeUpdateEngine,
  type UpdateEngine,
  type UpdateEngineStart,
  type UpdateEngineStatus,
} from './update-engine.js';
