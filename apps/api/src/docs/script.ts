// The page's one script. The policy of what may run names it by its hash: nothing else does.
import { createHash } from 'node:crypto';

export const script = `
const find = document.getElementById('find');
const contents = document.getElementById('contents');
const cards = [...document.querySelectorAll('article[data-find]')];
const narrow = matchMedia('(max-width: 60rem)');
find.hidden = false;
if (narrow.matches) contents.open = false;
function show() {
  const words = find.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let count = 0;
  for (const card of cards) {
    const fits = words.every((word) => card.dataset.find.includes(word));
    count += fits;
    card.hidden = !fits;
    const link = document.querySelector('li[data-for="' + card.id + '"]');
    if (link) link.hidden = !fits;
  }
  for (const group of document.querySelectorAll('nav div.group')) group.hidden = !group.querySelector('li:not([hidden])');
  for (const section of document.querySelectorAll('main > section'))
    section.hidden = words.length > 0 && !section.querySelector('article[data-find]:not([hidden])');
  document.getElementById('none').hidden = count > 0;
  if (words.length > 0) contents.open = true;
}
find.addEventListener('input', show);
addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== find) { event.preventDefault(); find.focus(); }
  if (event.key === 'Escape' && document.activeElement === find) { find.value = ''; show(); find.blur(); }
});
contents.addEventListener('click', (event) => {
  if (narrow.matches && event.target.closest('a')) contents.open = false;
});
addEventListener('hashchange', () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.closest('[hidden]')) { find.value = ''; show(); target.scrollIntoView(); }
});
`;

export const scriptHash = `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
