(() => {
  'use strict';
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const kept = (name, value) => {
    try {
      if (value === undefined) return localStorage.getItem('opensession.' + name);
      localStorage.setItem('opensession.' + name, value);
    } catch { /* a page that may keep nothing works all the same */ }
    return null;
  };
  root.classList.add('js');
  const tools = document.querySelector('.tools');
  tools.hidden = false;
  // Of the head what is above the tools goes, however many lines it has.
  const pin = () => { tools.parentElement.style.top = 8 - tools.offsetTop + 'px'; };
  pin();
  addEventListener('resize', pin);

  const themes = ['system', 'light', 'dark'];
  const setTheme = (theme) => {
    if (theme === 'system') delete root.dataset.theme; else root.dataset.theme = theme;
    byId('theme').textContent = 'Theme: ' + theme;
  };
  setTheme(themes.includes(kept('theme')) ? kept('theme') : 'system');
  byId('theme').onclick = () => {
    const next = themes[(themes.indexOf(root.dataset.theme || 'system') + 1) % 3];
    setTheme(next);
    kept('theme', next);
  };

  const events = all('.ev');
  let here = -1;
  const unfold = (element) => {
    for (let at = element; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
  };
  const go = (element) => {
    if (here >= 0) events[here].classList.remove('here');
    here = events.indexOf(element.closest('.ev'));
    if (here >= 0) events[here].classList.add('here');
    element.scrollIntoView({ block: element.offsetHeight > innerHeight / 2 ? 'start' : 'center' });
  };
  const step = (selector, way) => {
    for (let at = here + way; at >= 0 && at < events.length; at += way) {
      if (events[at].matches(selector)) return go(events[at]);
    }
  };
  const follow = () => {
    const target = location.hash.startsWith('#e') && byId(location.hash.slice(1));
    if (!target) return;
    unfold(target);
    const own = target.querySelector(':scope > details');
    if (own) own.open = true;
    go(target);
  };
  addEventListener('hashchange', follow);

  let unfolded = false;
  byId('fold').onclick = () => {
    unfolded = !unfolded;
    for (const fold of all('main details')) fold.open = unfolded;
    byId('fold').textContent = unfolded ? 'Fold all' : 'Unfold all';
  };
  let folds = [];
  addEventListener('beforeprint', () => {
    folds = all('main details:not([open])');
    for (const fold of folds) fold.open = true;
  });
  addEventListener('afterprint', () => { for (const fold of folds) fold.open = false; });

  const mostHits = 5000;
  let hits = [], now = -1, more = false;
  const highlights = window.CSS && CSS.highlights;
  const search = () => {
    const words = byId('find').value.toLowerCase();
    hits = []; now = -1; more = false;
    if (words.trim().length > 0) {
      const walker = document.createTreeWalker(byId('timeline'), NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node && !more; node = walker.nextNode()) {
        const text = node.data.toLowerCase();
        if (text.length !== node.data.length) continue;
        for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + words.length)) {
          if (hits.length >= mostHits) { more = true; break; }
          const range = new Range();
          range.setStart(node, at);
          range.setEnd(node, at + words.length);
          hits.push(range);
        }
      }
    }
    if (highlights) {
      highlights.delete('now');
      highlights.set('hits', new Highlight(...hits));
    }
    told();
  };
  const told = () => {
    const total = hits.length + (more ? '+' : '');
    byId('found').textContent = byId('find').value.trim() === '' ? ''
      : hits.length === 0 ? 'no hit' : now < 0 ? total + (hits.length === 1 ? ' hit' : ' hits') : (now + 1) + ' of ' + total;
  };
  const show = (way) => {
    if (hits.length === 0) return;
    now = now < 0 ? (way > 0 ? 0 : hits.length - 1) : (now + way + hits.length) % hits.length;
    const element = hits[now].startContainer.parentElement;
    unfold(element);
    if (highlights) highlights.set('now', new Highlight(hits[now]));
    go(element);
    bring(hits[now]);
    told();
  };
  // A hit may stand far down in a block, and a block scrolls by itself.
  const bring = (range) => {
    const block = range.startContainer.parentElement.closest('pre, .wide');
    if (block) {
      const at = range.getBoundingClientRect(), frame = block.getBoundingClientRect();
      if (at.top < frame.top || at.bottom > frame.bottom) block.scrollTop += at.top - frame.top - block.clientHeight / 2;
      if (at.left < frame.left || at.right > frame.right) block.scrollLeft += at.left - frame.left - block.clientWidth / 2;
    }
    const at = range.getBoundingClientRect();
    if (at.top < document.querySelector('.top').getBoundingClientRect().bottom || at.bottom > innerHeight) scrollBy(0, at.top - innerHeight / 2);
  };
  let rest = 0;
  byId('find').oninput = () => { clearTimeout(rest); rest = setTimeout(search, 150); };
  byId('find').onkeydown = (key) => {
    if (key.key === 'Enter' && !key.isComposing) { clearTimeout(rest); if (now < 0) search(); show(key.shiftKey ? -1 : 1); }
    if (key.key === 'Escape') { byId('find').value = ''; search(); byId('find').blur(); }
  };
  byId('next').onclick = () => show(1);
  byId('previous').onclick = () => show(-1);

  byId('help').onclick = () => byId('keys').showModal();
  byId('keys-on').checked = kept('keys') !== 'off';
  byId('keys-on').onchange = () => kept('keys', byId('keys-on').checked ? 'on' : 'off');
  const actions = {
    '/': () => byId('find').focus(), '?': () => byId('keys').showModal(),
    j: () => step('.ev', 1), k: () => step('.ev', -1), ']': () => step('.prompt', 1), '[': () => step('.prompt', -1),
    e: () => step('.failed, .error', 1), c: () => step(':has(.diff)', 1), n: () => show(1), N: () => show(-1),
    z: () => { const fold = events[here] && events[here].querySelector('details'); if (fold) fold.open = !fold.open; },
    t: () => { const thoughts = all('.thinking > details'); const open = thoughts.some((fold) => !fold.open); for (const fold of thoughts) fold.open = open; },
    y: () => { const at = events[here]; if (at && navigator.clipboard) navigator.clipboard.writeText(location.href.split('#')[0] + '#' + at.id).catch(() => {}); },
  };
  addEventListener('keydown', (key) => {
    if (key.ctrlKey || key.metaKey || key.altKey || key.isComposing || !byId('keys-on').checked) return;
    if (key.target.closest && key.target.closest('input, textarea, select, dialog')) return;
    const action = actions[key.key];
    if (action) { key.preventDefault(); action(); }
  });

  const links = new Map(all('#outline ol a').map((link) => [link.hash.slice(1), link]));
  let marked = null;
  if ('IntersectionObserver' in window) {
    const watch = new IntersectionObserver((seen) => {
      for (const one of seen) {
        if (!one.isIntersecting) continue;
        const link = links.get(one.target.id);
        if (marked) marked.classList.remove('now');
        marked = link;
        if (link) { link.classList.add('now'); link.scrollIntoView({ block: 'nearest' }); }
      }
    }, { rootMargin: '0px 0px -70% 0px' });
    for (const prompt of all('.prompt')) watch.observe(prompt);
  }
  follow();
})();
