// The page's beginning: what somebody with a shell needs within a minute.
import { apiPrefix } from '@platte/api-contract';
import { html, type Html } from './html.js';

const start = `# ./platte up writes the address and an admin's token here
export PLATTE=$(node -p "require('./.platte/run.json').urls.api")
export TOKEN=$(node -p "require('./.platte/run.json').token")

curl -sS "$PLATTE${apiPrefix}/me" -H "Authorization: Bearer $TOKEN"`;

const edit = `# Read it, with its revision
curl -sSi "$PLATTE${apiPrefix}/groups/$ID" -H "Authorization: Bearer $TOKEN"   # ETag: "7"

# Ask what a change would do: nothing is changed
curl -sS -X PATCH "$PLATTE${apiPrefix}/groups/$ID?dryRun=true" -H "Authorization: Bearer $TOKEN" \\
  -H 'If-Match: "7"' -H 'Content-Type: application/merge-patch+json' \\
  -d '{ "policy": { "rateLimit": { "max": 50 } } }'

# Do it: 412 and the thing as it is now, if somebody was faster
curl -sS -X PATCH "$PLATTE${apiPrefix}/groups/$ID" -H "Authorization: Bearer $TOKEN" \\
  -H 'If-Match: "7"' -H 'Content-Type: application/merge-patch+json' \\
  -d '{ "policy": { "rateLimit": { "max": 50 } } }'`;

const conventions: [string, Html][] = [
  [
    'Lists',
    html`<code>{ "items": […], "next": … }</code>: pass <code>next</code> as <code>?cursor=</code>, or follow the
      <code>Link</code> header. <code>?limit=</code> is 50, at most 500. A cursor stays true while things come and go.`,
  ],
  ['Times', html`RFC 3339 in UTC, with milliseconds.`],
  [
    'Edits',
    html`<code>PATCH</code> is a JSON merge patch (RFC 7396): what you leave out stays as it is, <code>null</code> is
      “none”. What people edit has an <code>ETag</code>; send it as <code>If-Match</code>: 428 without, 412 with an old
      one.`,
  ],
  [
    'Dry runs',
    html`<code>?dryRun=true</code> with everything that changes something: checked and decided as the real one, and
      answered with the changes it would make and how many machines they concern.`,
  ],
  [
    'Repeats',
    html`<code>Idempotency-Key</code> with <code>POST</code>: for 24 hours a repetition gets the first answer, and
      nothing happens twice.`,
  ],
  ['Unknown', html`Fields and parameters that are not known are refused: a typing error never looks like success.`],
  [
    'Budgets',
    html`<code>RateLimit</code> and <code>RateLimit-Policy</code> say what is left; beyond it 429, with
      <code>Retry-After</code>.`,
  ],
  [
    'Request ids',
    html`Every answer has <code>X-Request-Id</code>, the same as in the log; send your own to find it there.`,
  ],
];

export function renderIntroduction(): Html {
  const rows = conventions.map(
    ([name, text]) =>
      html`<tr>
        <th scope="row">${name}</th>
        <td>${text}</td>
      </tr>`,
  );
  return html`<h1>Platte API</h1>
    <p class="lead">
      Everything that a person can do or see in Platte. The command line and the console use nothing else.
    </p>
    <pre><code>${start}</code></pre>
    <h2 id="auth">Signing in</h2>
    <p>
      Programs send <code>Authorization: Bearer plt_…</code>. A token has a role:
      <span class="chip role-viewer">viewer</span> reads, <span class="chip role-operator">operator</span> pauses,
      resumes, holds and retries, <span class="chip role-admin">admin</span> does everything; it may be limited to some
      applications, of which the others do not exist for it, and it ends. People sign in at
      <code>/auth/login</code> where OpenID Connect is set up; their page sends the <code>csrfToken</code> of
      <a href="#getMe">GET /me</a> as <code>X-CSRF-Token</code> with whatever is no GET.
    </p>
    <h2 id="conventions">Conventions</h2>
    <table class="fields">
      <tbody>
        ${rows}
      </tbody>
    </table>
    <h2 id="change">To change something</h2>
    <pre><code>${edit}</code></pre>`;
}
