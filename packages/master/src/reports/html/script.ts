/**
 * What the page can do beyond what HTML does by itself: search, choose by status, and read in what a large page keeps
 * apart. Without it everything that is on the page can be opened and read.
 *
 * The text holds no `</`, and nothing of a report: what differs from page to page is in its elements.
 */

export const SCRIPT = `
'use strict';
(() => {
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const tests = all('ol.tests > li');
  const tools = document.querySelector('.tools');
  const search = document.getElementById('search');
  const shown = document.getElementById('shown');

  // What is behind most lines of a large page is kept compressed until somebody opens them.
  const unpack = (text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).text();
  };
  const fill = async (details) => {
    const kept = document.getElementById('kept-' + details.parentNode.id);
    if (!kept || details.querySelector('.body')) return;
    const body = document.createElement('div');
    body.className = 'body';
    details.append(body);
    body.innerHTML = await unpack(kept.textContent);
  };
  const open = (item, isOpen) => {
    item.querySelector('details').open = isOpen;
  };
  document.addEventListener('toggle', (event) => { if (event.target.open) fill(event.target); }, true);

  let words = [];
  const textOf = new Map();
  const text = (item) => {
    if (!textOf.has(item)) textOf.set(item, item.querySelector('summary').textContent.toLowerCase());
    return textOf.get(item);
  };
  const chosen = () => document.querySelector('input[name=status]:checked').value;
  const fits = (item, which) =>
    (which === 'all' || item.dataset.s === which || (which === 'flaky' && item.dataset.f) || (which === 'bad' && item.dataset.b)) &&
    words.every((word) => text(item).includes(word));
  const choose = () => {
    words = search.value.toLowerCase().split(' ').filter(Boolean);
    const which = chosen();
    let count = 0;
    for (const item of tests) {
      const fit = fits(item, which);
      if (item.hidden === fit) item.hidden = !fit;
      if (fit) count += 1;
    }
    for (const group of all('.group')) group.hidden = all('ol > li:not([hidden])', group).length === 0;
    shown.textContent = count + ' of ' + tests.length;
  };
  let waiting;
  search.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(choose, 80); });
  all('input[name=status]').forEach((input) => input.addEventListener('change', choose));

  // More at once would take long, and nobody reads them.
  const AT_ONCE = 200;
  document.getElementById('open').addEventListener('click', () =>
    tests.filter((item) => !item.hidden).slice(0, AT_ONCE).forEach((item) => open(item, true)));
  document.getElementById('close').addEventListener('click', () => tests.forEach((item) => open(item, false)));
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target.matches('input, pre')) return;
    event.preventDefault();
    search.focus();
  });

  const goTo = () => {
    const item = tests.find((one) => '#' + one.id === location.hash);
    if (!item) return;
    item.hidden = false;
    item.closest('.group').hidden = false;
    open(item, true);
    item.scrollIntoView();
  };
  addEventListener('hashchange', goTo);
  addEventListener('beforeprint', () => tests.filter((item) => item.dataset.b).slice(0, AT_ONCE).forEach((item) => open(item, true)));
  tools.hidden = false;
  choose();
  goTo();
})();
`;
