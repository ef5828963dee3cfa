export const style = `
:root { --text: #1b2430; --soft: #5a6675; --line: #dde3ea; --paper: #fff; --tint: #f5f7fa; --link: #0b5cad;
  --get: #0b6e4f; --post: #0b5cad; --patch: #8a5a00; --put: #6b3fa0; --delete: #b3261e; color-scheme: light dark }
@media (prefers-color-scheme: dark) { :root { --text: #dfe6ee; --soft: #9aa7b5; --line: #2c3641; --paper: #11161b; --tint: #1a2128; --link: #7cb8ff;
  --get: #5fd0a5; --post: #7cb8ff; --patch: #f0bf5c; --put: #c6a3f5; --delete: #ff8f86 } }
* { box-sizing: border-box }
html { scroll-padding-top: 1rem }
body { margin: 0; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--text); background: var(--paper);
  display: grid; grid-template-columns: 20rem minmax(0, 1fr) }
a { color: var(--link) } a.anchor { color: inherit; text-decoration: none } a.anchor:hover::after { content: " #"; color: var(--soft) }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
.skip { position: absolute; left: -99rem } .skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem; z-index: 2 }
[hidden] { display: none !important }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.25rem 1rem 3rem; border-right: 1px solid var(--line); background: var(--tint); font-size: .875rem }
nav .brand { font-size: 1.05rem; margin-bottom: .75rem } nav summary { display: none }
nav input { width: 100%; font: inherit; padding: .45rem .6rem; border: 1px solid var(--line); border-radius: 6px; background: var(--paper); color: inherit }
nav ul { list-style: none; margin: .25rem 0 0; padding: 0 } nav .group { margin: 1rem 0 0 }
nav .tag { font-weight: 600; color: inherit; text-decoration: none }
nav li a { display: flex; gap: .5rem; padding: .2rem .35rem; border-radius: 5px; color: inherit; text-decoration: none; line-height: 1.35 }
nav li a:hover { background: var(--line) } nav .method { flex: 0 0 3.1rem; font-size: .68rem; padding-top: .15rem }
main { padding: 2rem 3rem 6rem; max-width: 62rem; width: 100% }
h1 { font-size: 2rem; line-height: 1.15; margin: 0 0 .5rem } h2 { font-size: 1.5rem; margin: 3.5rem 0 .5rem } h3 { font-size: 1.15rem; margin: 0 0 .35rem; line-height: 1.3 }
h4 { font-size: .8rem; text-transform: uppercase; letter-spacing: .05em; color: var(--soft); margin: 1.25rem 0 .35rem } h4 .note { text-transform: none; letter-spacing: 0 }
p { margin: .5rem 0 } .lead { color: var(--soft); max-width: 46rem } .note { color: var(--soft); font-size: .9em }
article { border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem 1.5rem; margin: 1.25rem 0 } article:target { border-color: var(--link); box-shadow: 0 0 0 1px var(--link) }
code, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace } :not(pre) > code { background: var(--tint); border-radius: 4px; padding: .08em .3em }
pre { background: var(--tint); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto; margin: .75rem 0 } pre code { font-size: .825rem }
.route { overflow-wrap: anywhere } .route code { background: none; padding: 0; font-size: .95rem } var { font-style: normal; color: var(--link) }
.method { font: 700 .78rem/1.4 ui-monospace, monospace } .get { color: var(--get) } .post { color: var(--post) } .patch { color: var(--patch) } .put { color: var(--put) } .delete { color: var(--delete) }
.chip { display: inline-block; border: 1px solid var(--line); border-radius: 99px; padding: 0 .6rem; font-size: .78rem; line-height: 1.6; color: var(--soft) }
.role-admin { color: var(--delete); border-color: currentColor } .role-operator { color: var(--patch); border-color: currentColor } .role-viewer, .role-public { color: var(--get); border-color: currentColor }
table.fields { width: 100%; border-collapse: collapse } .fields th, .fields td { text-align: left; vertical-align: top; padding: .45rem 1rem .45rem 0; border-top: 1px solid var(--line); font-size: .92rem }
.fields th { font-weight: 500; width: 32%; overflow-wrap: anywhere } .fields th code { background: none; padding: 0 } .fields tr:first-child > * { border-top: 0 } .fields tr:target { background: var(--tint) }
.type { color: var(--soft) } .type i { font-style: normal; color: var(--soft) } .required { color: var(--delete); font-weight: 700 }
.problems summary { cursor: pointer; color: var(--soft); font-size: .875rem; margin-top: 1rem } .problems ul { columns: 16rem; margin: .5rem 0 0; padding-left: 0; list-style: none; font-size: .875rem }
@media (max-width: 60rem) {
  html { scroll-padding-top: 8rem } body { display: block }
  nav { position: sticky; z-index: 1; height: auto; max-height: 80vh; border-right: 0; border-bottom: 1px solid var(--line); padding: .75rem 1rem }
  nav .brand { margin-bottom: .4rem } nav summary { display: block; cursor: pointer; margin-top: .5rem; color: var(--soft) } main { padding: 1.25rem 1rem 4rem }
  article { padding: 1rem; border-radius: 8px } .fields, .fields tbody, .fields tr, .fields th, .fields td { display: block; width: 100% }
  .fields th { padding: .5rem 0 0 } .fields td { border-top: 0; padding: .1rem 0 .5rem }
}
@media (min-width: 88rem) {
  main { max-width: 84rem } article[data-find] { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 30rem); column-gap: 2.5rem }
  article[data-find] > * { grid-column: 1 } article[data-find] > .curl { grid-column: 2; grid-row: 1 / span 24; align-self: start; position: sticky; top: 1rem; margin: 0 }
}
@media print { nav { display: none } body { display: block } article { break-inside: avoid } }
`;
