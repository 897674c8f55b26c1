/*
 * Milepost in a website: page views, track, identify, consent. docs/connect/milepost-js.md says how
 * it is used. This is the source; `make snippet` strips it to milepost.min.js, which is served.
 *
 * An event is kept in localStorage, under a key of its own, until a server's answer says what became
 * of it. It may be sent more than once, always with the same messageId: Milepost counts it once.
 */
((window, document, navigator, location) => {
  'use strict';
  const PREFIX = 'milepost.';
  const QUEUE = 'q.';
  const QUEUED_MAX = 500; // events; the oldest go
  const HELD_MAX = 100; // calls that wait in memory for consent
  const BATCH_CHARS_MAX = 20000; // of up to 3 bytes: a page that closes may send 64 KiB
  const FLUSH_MS = 300;
  const TITLE_MS = 100; // after a change of route, until the page has set its title
  const REQUEST_MS_MAX = 20000;
  const BACKOFF_MS = 1000;
  const BACKOFF_MS_MAX = 300000;
  const WAIT_MS_MAX = 3600000; // a longer wait is a clock that was set
  const VISIT_MS = 1800000; // without an event, and the campaign no longer counts

  const script =
    document.currentScript || document.querySelector('script[data-key][src*="milepost.js"]');
  const options = script ? script.dataset : {};
  const early = window.milepost; // what the page called before this came, or this for a second time
  if (early && early.version) return;
  if (!options.key) return console.warn('milepost: the script needs data-key');
  const endpoint = new URL('v1/batch', script.src).href;
  const honors = (signal) => (options.honor || '').includes(signal);
  const isUntracked = honors('dnt') && navigator.doNotTrack === '1';
  const isOptedOut = honors('gpc') && navigator.globalPrivacyControl;
  const needsConsent = options.consent === 'required';

  // Storage. Each value has a key of its own, so that tabs do not overwrite each other's.

  const nothing = () => {};
  const memory = {};
  let local = memory;
  try {
    local = window.localStorage || memory;
  } catch {
    // Shut off: what is kept then ends with the page.
  }
  const get = (name) => memory[PREFIX + name] || local[PREFIX + name];
  const remove = (name) => {
    delete memory[PREFIX + name];
    delete local[PREFIX + name];
  };
  const put = (name, value) => {
    try {
      local[PREFIX + name] = value;
    } catch {
      memory[PREFIX + name] = value; // full
    }
  };
  const stored = (kind) =>
    [...new Set(Object.keys(local).concat(Object.keys(memory)))]
      .filter((name) => name.startsWith(PREFIX + kind))
      .map((name) => name.slice(PREFIX.length))
      .sort();
  const read = (name) => JSON.parse(get(name) || 'null');
  const write = (name, value) => put(name, JSON.stringify(value));

  // Sending.

  let timer = 0;
  let isBusy = false;
  let onTheWay = [];

  const schedule = (ms) => {
    timer = timer || setTimeout(flush, ms);
  };
  const retry = () => read('retry') || [0, 0]; // tries, until when, whether the server said so
  const waits = () => {
    const ms = retry()[1] - Date.now();
    return ms > 0 && ms <= WAIT_MS_MAX ? ms : 0;
  };
  const take = () => {
    const names = [];
    let chars = 0;
    for (const name of stored(QUEUE)) {
      if (onTheWay.includes(name)) continue;
      chars += (get(name) || '').length;
      if (names[0] && chars > BATCH_CHARS_MAX) break;
      names.push(name);
    }
    onTheWay = onTheWay.concat(names);
    return names;
  };
  const bodyOf = (names) =>
    `{"writeKey":${JSON.stringify(options.key)},"sentAt":"${new Date().toISOString()}",` +
    `"batch":[${names.map(get).filter(Boolean)}]}`;

  const flush = () => {
    timer = 0;
    if (isBusy || !stored(QUEUE)[0]) return;
    const ms = waits();
    if (ms) return schedule(ms);
    isBusy = true;
    const locks = navigator.locks; // one tab sends for all
    (locks
      ? locks
          .request(PREFIX, { ifAvailable: true }, (lock) => (lock ? send() : FLUSH_MS))
          .catch(send)
      : send()
    ).then((next) => {
      isBusy = false;
      if (stored(QUEUE)[0]) schedule(next);
    });
  };
  // Resolves to the milliseconds until the next request.
  const send = () => {
    onTheWay = [];
    const names = take();
    const body = bodyOf(names);
    const settle = () => {
      names.forEach(remove);
      remove('retry');
      return 0;
    };
    const later = (ms) => {
      const tries = retry()[0];
      const backoff = Math.min(BACKOFF_MS * 2 ** tries, BACKOFF_MS_MAX) / 2;
      const wait = Math.min(Math.max(ms, backoff) + Math.random() * backoff, WAIT_MS_MAX);
      onTheWay = [];
      write('retry', [tries + 1, Date.now() + wait, ms > 0]);
      return wait;
    };
    return fetch(endpoint, {
      method: 'POST',
      body, // as text/plain, so that no preflight is needed
      credentials: 'omit',
      keepalive: body.length < BATCH_CHARS_MAX + 1000,
      signal: AbortSignal.timeout && AbortSignal.timeout(REQUEST_MS_MAX),
    }).then(
      (answer) => {
        const status = answer.status;
        if (answer.ok) return settle();
        if (status > 499 || status === 408 || status === 429) {
          const after = answer.headers.get('Retry-After');
          return later(after * 1000 || Date.parse(after) - Date.now() || 0);
        }
        return answer
          .json()
          .catch(() => ({}))
          .then(({ code, message }) => {
            console.warn('milepost:', status, message);
            // What is wrong with the set-up can be put right, and the events with it.
            return /key|origin/.test(code) ? later(BACKOFF_MS_MAX) : settle();
          });
      },
      () => later(0),
    );
  };
  const leave = () => {
    // A beacon has no answer, so that its events stay queued.
    if (waits()) return;
    const names = take();
    if (names[0]) navigator.sendBeacon(endpoint, bodyOf(names));
  };

  // Consent.

  let held = [];
  let isRefused = false;
  const isAllowed = (answers) => {
    const answer = (answers || {}).analytics;
    return answer === undefined ? !needsConsent : answer;
  };
  const act = (action) => {
    if (isAllowed(read('consent'))) action();
    else if (needsConsent && !isRefused && held.length < HELD_MAX) held.push(action);
  };
  const forget = () => stored('').forEach(remove);

  // Events.

  let lastMs = 0;
  let url = location.href;
  let referrer = document.referrer;
  const uuid = () =>
    '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
      (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16),
    );
  const pageNow = () => ({
    path: location.pathname,
    referrer,
    search: location.search,
    title: document.title,
    url: location.href,
  });
  const campaignIn = (search) => {
    const found = {};
    new URLSearchParams(search).forEach((value, name) => {
      const [, field] = /^utm_(id|campaign|source|medium|term|content)$/.exec(name) || [];
      if (field && value) found[field === 'campaign' ? 'name' : field] = value;
    });
    return Object.keys(found)[0] && found;
  };
  const made = (call) => {
    // Events of one page keep their order: no two have the same time.
    const now = Date.now();
    lastMs = now > lastMs || now < lastMs - 1000 ? now : lastMs + 1;
    return JSON.parse(
      JSON.stringify({
        ...call,
        messageId: uuid(),
        timestamp: new Date(lastMs),
        context: {
          library: { name: 'milepost.js', version: api.version },
          page: pageNow(),
          userAgent: navigator.userAgent,
          locale: navigator.language,
          timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
          campaign: campaignIn(location.search),
        },
      }),
    );
  };
  const withCampaign = (context) => {
    const now = Date.now();
    const last = read('last');
    // A visitor may have come with it to an earlier page, before the consent.
    const isOurs = document.referrer.startsWith(location.origin + '/');
    const campaign =
      context.campaign || (!last && isOurs && campaignIn(new URL(document.referrer).search));
    if (campaign) {
      write('last', campaign);
      if (!get('first')) write('first', campaign);
      context.campaign = campaign;
    } else if (last && now - get('seen') < VISIT_MS) context.campaign = last;
    put('seen', now);
  };
  const enqueue = (event, consent) => {
    if (consent || isOptedOut) {
      event.context.consent = { ...consent, ...(isOptedOut && { marketing: false }) };
    }
    put(QUEUE + event.timestamp + event.messageId, JSON.stringify(event));
    const all = stored(QUEUE);
    all.slice(0, Math.max(0, all.length - QUEUED_MAX)).forEach(remove);
    schedule(FLUSH_MS);
  };
  const withIds = (event) => {
    if (!get('anonymous')) put('anonymous', uuid());
    if (event.userId) put('user', event.userId);
    return { ...event, anonymousId: get('anonymous'), userId: get('user') };
  };
  const admit = (event) => {
    withCampaign(event.context);
    enqueue(withIds(event), read('consent'));
  };
  const record = (call) => {
    try {
      const event = made(call);
      act(() => admit(event));
    } catch (error) {
      console.warn('milepost:', error); // such as properties that are no JSON
    }
  };

  let hasMeantToExit = false;
  const pageCall = (name, properties) => {
    hasMeantToExit = false;
    return { type: 'page', name, properties: { ...pageNow(), ...properties } };
  };

  const api = {
    version: '1',
    track: (event, properties) => record({ type: 'track', event, properties }),
    page: (name, properties) => record(pageCall(name, properties)),
    identify: (id, traits) =>
      record(
        id && typeof id === 'object'
          ? { type: 'identify', traits: id }
          : { type: 'identify', userId: id == null ? id : String(id), traits },
      ),
    reset: () => act(() => ['anonymous', 'user'].forEach(remove)),
    consent: (answers) => {
      const before = read('consent');
      const now = { ...before, ...answers };
      if (JSON.stringify(before) === JSON.stringify(now)) return;
      const event = made({ type: 'track', event: 'Consent Updated' });
      if (isAllowed(now)) {
        isRefused = false;
        write('consent', now);
        held.splice(0).forEach((action) => action());
        admit(event);
        return;
      }
      isRefused = true;
      held = [];
      const withdrawal = get('anonymous') && withIds({ ...event, context: {} });
      forget();
      // Where nothing happens without consent, not even a refusal needs to be kept.
      if (!needsConsent) write('consent', now);
      if (withdrawal) enqueue(withdrawal, now);
    },
    user: () => ({
      anonymousId: get('anonymous'),
      userId: get('user'),
      campaign: { first: read('first'), last: read('last') },
    }),
    push: (call) => api[call[0]] && api[call[0]](...[].slice.call(call, 1)),
  };
  window.milepost = api;
  if (isUntracked) {
    forget();
    for (const name of ['track', 'page', 'identify', 'reset', 'consent']) api[name] = nothing;
    return;
  }

  // The page.

  const routeNow = (withSearch) =>
    location.pathname +
    (withSearch ? location.search : '') +
    (/^#[!/]/.test(location.hash) ? location.hash : '');
  let route;
  let settleRoute = nothing; // or else the view of a route that waits for its title
  const see = () => {
    route = [routeNow(true), routeNow(false)];
    url = location.href;
  };
  const onRoute = (isReplaced) => {
    // Filters write themselves into the search by replaceState; that is no other page.
    const isSame = isReplaced ? routeNow(false) === route[1] : routeNow(true) === route[0];
    if (!isSame) referrer = url;
    see();
    if (isSame) return;
    settleRoute();
    const event = made(pageCall());
    const settle = () => {
      settleRoute = nothing;
      event.properties.title = event.context.page.title = document.title;
      act(() => admit(event));
    };
    settleRoute = settle;
    setTimeout(() => {
      if (settleRoute === settle) settle();
    }, TITLE_MS);
  };
  const start = () => {
    see();
    const calls = Array.isArray(early) ? early : [];
    calls.filter((call) => call[0] === 'consent').forEach(api.push);
    if (options.pages !== 'off') {
      api.page();
      const navigation = window.navigation;
      if (navigation) {
        navigation.addEventListener('currententrychange', (change) =>
          onRoute(change.navigationType === 'replace'),
        );
      } else {
        for (const name of ['pushState', 'replaceState']) {
          const original = history[name];
          history[name] = function () {
            original.apply(this, arguments);
            onRoute(name === 'replaceState');
          };
        }
        addEventListener('popstate', () => onRoute(false));
      }
      addEventListener('pageshow', (shown) => shown.persisted && api.page());
    }
    calls.filter((call) => call[0] !== 'consent').forEach(api.push);
    if ('exitIntent' in options) {
      document.addEventListener('mouseout', (mouse) => {
        if (mouse.relatedTarget || mouse.clientY > 0 || hasMeantToExit) return;
        hasMeantToExit = true;
        api.track('Exit Intent');
      });
    }
    const end = () => {
      settleRoute();
      leave();
    };
    addEventListener('pagehide', end);
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) end();
      else flush();
    });
    addEventListener('online', () => {
      if (!retry()[2]) remove('retry');
      clearTimeout(timer);
      flush();
    });
    flush(); // what an earlier page left
  };
  if (document.prerendering) document.addEventListener('prerenderingchange', start, { once: true });
  else start();
})(window, document, navigator, location);
