// Never open to the network without sign-in: tokens alone, sent over a wire that may not be encrypted, are for programs.

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Why this address may not be listened on; undefined when it may. */
export function refuseListen(host: string, { hasSignIn }: { hasSignIn: boolean }): string | undefined {
  if (hasSignIn || isLoopback(host)) return undefined;
  return `PLATTE_API_LISTEN is ${host}, which others can reach, and nobody can sign in: set PLATTE_OIDC_ISSUER and PLATTE_OIDC_CLIENT_ID, or listen on 127.0.0.1`;
}
