// Which paths are the Omaha endpoint: `/v1/update` with and without its last slash, exactly (no redirects, no other case, no
// double slash). With a secret suffix only `/v1/update/SECRET`, compared in constant time. A request may name the whole URL
// instead of the path, as to a proxy (RFC 9112, 3.2.2); which host it names does not matter here, as no Host header does.
import { createHash, timingSafeEqual } from 'node:crypto';

const path = '/v1/update';

export function makeIsOmahaPath(secretSuffix: string | undefined): (url: string) => boolean {
  if (secretSuffix === undefined)
    return (target) => target === '/v1/update/' || target === path || isPlainPath(withoutQuery(toOrigin(target)));
  const wanted = digest(secretSuffix);
  return (target) => {
    const url = toOrigin(target);
    if (!url.startsWith(`${path}/`)) return false;
    const suffix = withoutQuery(url)
      .slice(path.length + 1)
      .replace(/\/$/, '');
    // Digests have one length, so that not even the secret's length shows in the time.
    return timingSafeEqual(digest(suffix), wanted);
  };
}

const isPlainPath = (url: string): boolean => url === path || url === `${path}/`;

const origin = /^https?:\/\/[^/?#]+/i;

const toOrigin = (target: string): string => (target.startsWith('/') ? target : target.replace(origin, ''));

function withoutQuery(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
