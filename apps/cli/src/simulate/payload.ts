// Downloads a payload as update_engine does and checks what it checks; only on request, because a fleet would fetch terabytes.
import { createHash } from 'node:crypto';

const errorCodes = { transfer: 9, hash: 10, size: 11 };

/** 0, or update_engine's code for what was wrong. The bytes are not kept. */
export async function fetchPayload(url: string, size: number, sha256: string, signal: AbortSignal): Promise<number> {
  try {
    const response = await fetch(url, { signal });
    if (!response.ok || response.body === null) return errorCodes.transfer;
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of response.body) {
      bytes += chunk.length;
      if (bytes > size) return errorCodes.size;
      hash.update(chunk);
    }
    if (bytes !== size) return errorCodes.size;
    return hash.digest('base64') === sha256 ? 0 : errorCodes.hash;
  } catch {
    return errorCodes.transfer;
  }
}
