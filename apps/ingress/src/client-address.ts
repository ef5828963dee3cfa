// The address a request came from. `X-Forwarded-For` is believed only as far as proxies that the operator named wrote it: it is
// read from its end, and the first address that is no trusted proxy is the client's. A machine can put anything before that.
import { BlockList, isIP } from 'node:net';

/**
 * @param trustedProxies addresses or networks: `10.0.0.0/8`, `fd00::/8`, `192.0.2.7`
 * @returns from the peer's address and the header to the client's address; '' when neither is one
 */
export function makeClientAddress(
  trustedProxies: readonly string[],
): (peer: string | undefined, forwardedFor: string) => string {
  if (trustedProxies.length === 0) return (peer) => toPlainAddress(peer ?? '');
  const trusted = new BlockList();
  for (const proxy of trustedProxies) addProxy(trusted, proxy);
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return (peer, forwardedFor) => {
    let address = toPlainAddress(peer ?? '');
    const hops = forwardedFor.split(',');
    while (isTrusted(address)) {
      const hop = toPlainAddress(hops.pop()?.trim() ?? '');
      if (isIP(hop) === 0) break;
      address = hop;
    }
    return address;
  };
}

/** Whether it can be given to `makeClientAddress`: for the check of settings. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32));
}

function addProxy(trusted: BlockList, proxy: string): void {
  const [address = '', prefix] = proxy.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined) trusted.addAddress(address, family);
  else trusted.addSubnet(address, Number(prefix), family);
}

/** An IPv4 client on a socket of both families shows as `::ffff:192.0.2.1`; proxies may add a port. */
function toPlainAddress(address: string): string {
  if (isIP(address) === 4) return address;
  if (/^::ffff:[\d.]+$/i.test(address) && isIP(address.slice(7)) === 4) return address.slice(7);
  if (isIP(address) !== 0) return address;
  return /^\[(.+)\](:\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
}
