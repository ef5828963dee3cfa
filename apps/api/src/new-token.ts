import { randomBytes, randomInt } from 'node:crypto';

const idLetters = 12;
const secretBytes = 24;

/** `text` is what signs in: `plt_<id>_<secret>`. */
export function drawToken(): { id: string; secret: string; text: string } {
  const id = Array.from({ length: idLetters }, () => randomInt(36).toString(36)).join('');
  const secret = randomBytes(secretBytes).toString('base64url');
  return { id, secret, text: `plt_${id}_${secret}` };
}
