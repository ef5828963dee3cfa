// What the identity provider gave a person is kept sealed with a key made from their cookie, which the database never sees.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

export function seal(cookie: string, text: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, keyOf(cookie), nonce);
  const sealed = Buffer.concat([sealing.update(text, 'utf8'), sealing.final()]);
  return Buffer.concat([nonce, sealing.getAuthTag(), sealed]);
}

/** Undefined where it was not sealed with this cookie, or was changed since. */
export function open(cookie: string, sealed: Buffer): string | undefined {
  try {
    const opening = createDecipheriv(cipher, keyOf(cookie), sealed.subarray(0, nonceBytes));
    opening.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([opening.update(sealed.subarray(nonceBytes + tagBytes)), opening.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** A page proves with it that it could read an answer of ours, which only our own pages can. */
export function csrfTokenOf(cookie: string): string {
  return Buffer.from(hkdfSync('sha256', cookie, '', 'platte csrf', 24)).toString('base64url');
}

function keyOf(cookie: string): Buffer {
  return Buffer.from(hkdfSync('sha256', cookie, '', 'platte session', 32));
}
