// Brings the page up to date, searches and sorts at once. Everything works without it, too.
'use strict';
(() => {
  const EVERY = 10_000;
  const WHILE_A_SCAN_RUNS = 2_000;
  const live = document.getElementById('live');
  let tag = '';
  let latest = 0;

  // Asks for a page; none where nothing is new, or another was asked for meanwhile.
  async function ask(address, headers) {
    const mine = ++latest;
    const options = { headers: { Accept: 'text/html', ...headers }, cache: 'no-store' };
    const answer = await fetch(address, options);
    if (answer.status === 304 || mine !== latest) return null;
    if (!answer.ok) throw new Error(answer.status === 404 ? 'what it shows is gone' : `${answer.status}`);
    const text = await answer.text();
    if (mine !== latest) return null;
    tag = answer.headers.get('ETag') || '';
    return new DOMParser().parseFromString(text, 'text/html');
  }

  // What has the focus, so that it has it again.
  function focused() {
    const at = document.activeElement;
    if (!at || !document.querySelector('main').contains(at)) return () => {};
    const mark = ['href', 'aria-label'].find((name) => at.hasAttribute(name));
    const alike = `main ${at.localName}${mark ? `[${mark}="${CSS.escape(at.getAttribute(mark))}"]` : ''}`;
    const nth = [...document.querySelectorAll(alike)].indexOf(at);
    const { id, value, selectionStart, selectionEnd } = at;
    return () => {
      const others = document.querySelectorAll(alike);
      const found = document.getElementById(id) || others[nth] || others[0];
      if (!found) return;
      if (value !== undefined && found.type === 'search') found.value = value;
      found.focus({ preventScroll: true });
      if (found.type === 'search') found.setSelectionRange(selectionStart, selectionEnd);
    };
  }

  // Puts in what is other alone: what is not stays as it is read, scrolled and focused.
  function renew(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    const [olds, news] = [[...old.childNodes], [...fresh.childNodes]];
    const isAlike = olds.length === news.length && old.cloneNode().isEqualNode(fresh.cloneNode());
    if (isAlike && olds.length) olds.forEach((child, at) => renew(child, news[at]));
    else old.replaceWith(document.adoptNode(fresh));
  }

  function put(page) {
    const restore = focused();
    const scrolled = [...document.querySelectorAll('main .scroll')].map((one) => [one.ariaLabel, one.scrollLeft]);
    document.title = page.title;
    for (const part of ['main', '#made']) {
      const fresh = page.querySelector(part);
      const old = document.querySelector(part);
      if (fresh && old) renew(old, fresh);
    }
    for (const [label, left] of scrolled) {
      const again = document.querySelector(`main .scroll[aria-label="${CSS.escape(label)}"]`);
      if (again) again.scrollLeft = left;
    }
    restore();
  }

  const textOf = (selector) => document.querySelector(selector)?.textContent.trim() || '';

  function say(text) {
    if (live.textContent !== text) live.textContent = text;
  }

  // Nobody looks, or somebody selects what is to be copied.
  const isLeftAlone = () => document.hidden || String(getSelection()) !== '';

  async function follow() {
    if (isLeftAlone()) return;
    const before = textOf('#verdict');
    try {
      const page = await ask(location.href, tag ? { 'If-None-Match': tag } : {});
      if (page && isLeftAlone()) tag = ''; // it is asked for again
      else if (page) put(page);
      const now = textOf('#verdict');
      if (now !== before) say(now);
      else if (live.classList.contains('bad')) say('Up to date again.');
      live.classList.remove('bad');
    } catch (error) {
      live.classList.add('bad');
      const why = error instanceof TypeError ? 's3-exporter does not answer' : error.message;
      say(`Not up to date: ${why}. This page is of ${textOf('#made')}.`);
    }
  }

  async function go(address, keep) {
    try {
      const page = await ask(address, {});
      if (!page) return;
      history[keep](null, '', address);
      put(page);
      say(textOf('#count'));
    } catch {
      location.assign(address);
    }
  }

  function addressOf(form) {
    const asked = new URLSearchParams(new FormData(form));
    return `${location.pathname}?${asked}`;
  }

  let soon = 0;
  document.addEventListener('input', (event) => {
    if (event.target.type !== 'search') return;
    clearTimeout(soon);
    soon = setTimeout(() => go(addressOf(event.target.form), 'replaceState'), 250);
  });
  document.addEventListener('submit', (event) => {
    if (event.target.getAttribute('role') !== 'search') return;
    event.preventDefault();
    clearTimeout(soon);
    go(addressOf(event.target), 'pushState');
  });
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a.swap');
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!link || !isPlain) return;
    event.preventDefault();
    go(link.href, 'pushState');
  });
  addEventListener('popstate', () => go(location.href, 'replaceState'));
  document.addEventListener('visibilitychange', follow);
  const again = () => setTimeout(() => follow().finally(again), waits());
  const waits = () => (document.getElementById('running') ? WHILE_A_SCAN_RUNS : EVERY);
  again();
})();
