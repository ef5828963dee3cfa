// A browser as far as signing in needs one: cookies by host, redirects, and forms that are sent.

export interface Page {
  url: URL;
  status: number;
  headers: Headers;
  text: string;
}

export interface Browser {
  /** Follows redirects, as long as they stay on hosts that it knows. */
  go(url: string, init?: RequestInit): Promise<Page>;
  /** Sends the page's form with these values beside its hidden ones. */
  submit(page: Page, values: Record<string, string>): Promise<Page>;
  cookie(url: string, name: string): string | undefined;
  setCookie(url: string, name: string, value: string): void;
}

const redirectsMax = 20;

/** @param hosts where the hosts of URLs really are: `{ 'platte.test': 'http://127.0.0.1:40123' }` */
export function makeBrowser(hosts: Record<string, string>): Browser {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (host: string): Map<string, string> => {
    const jar = jars.get(host) ?? new Map<string, string>();
    jars.set(host, jar);
    return jar;
  };

  async function load(url: URL, init: RequestInit): Promise<Response> {
    const real = hosts[url.host] === undefined ? url : new URL(url.pathname + url.search, hosts[url.host]);
    const jar = jarOf(url.host);
    const headers = new Headers(init.headers);
    if (!headers.has('accept')) headers.set('accept', 'text/html,application/xhtml+xml,*/*;q=0.8');
    headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(real, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) keep(jar, cookie);
    return response;
  }

  async function go(url: string, init: RequestInit = {}): Promise<Page> {
    let at = new URL(url);
    let response = await load(at, init);
    for (let count = 0; count < redirectsMax && response.status >= 300 && response.status < 400; count++) {
      at = new URL(response.headers.get('location') ?? '/', at);
      response = await load(at, {});
    }
    return { url: at, status: response.status, headers: response.headers, text: await response.text() };
  }

  return {
    go,
    submit(page, values) {
      const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1] ?? page.url.href;
      const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
      const fields = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]));
      return go(new URL(action, page.url).href, {
        method: 'POST',
        body: new URLSearchParams({ ...fields, ...values }),
      });
    },
    cookie: (url, name) => jarOf(new URL(url).host).get(name),
    setCookie: (url, name, value) => void jarOf(new URL(url).host).set(name, value),
  };
}

function keep(jar: Map<string, string>, cookie: string): void {
  const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim());
  const name = pair.slice(0, pair.indexOf('='));
  const ends = attributes.find((attribute) => /^(expires|max-age)=/i.test(attribute)) ?? '';
  const isOver = /^max-age=0$/i.test(ends) || (/^expires=/i.test(ends) && Date.parse(ends.slice(8)) < Date.now());
  if (isOver) jar.delete(name);
  else jar.set(name, pair.slice(name.length + 1));
}
