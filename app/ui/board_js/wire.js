// The way to the server: one command at a time for each card, and the question what others have changed.

const POLL = 1500; // milliseconds
const LONGEST_WAIT = 30_000;
const AWAY = new Set([502, 503, 504]);

class Refused extends Error {
  constructor(status, message, details) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

function newKey() {
  const words = crypto.getRandomValues(new Uint32Array(4)); // randomUUID is only there over TLS
  return `board-${[...words].map((word) => word.toString(36)).join("-")}`;
}

const pause = (milliseconds, wake) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    wake?.(() => {
      clearTimeout(timer);
      resolve();
    });
  });

// One request, no second try. `wait` is how long the server asks to be left alone.
async function ask(method, path, body, key) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const sent = { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" };
  let answer;
  try {
    answer = await fetch(path, { ...sent, credentials: "same-origin", redirect: "error" });
  } catch {
    return { away: "silent" };
  }
  if (answer.status === 401) return signIn();
  const wait = Number(answer.headers.get("Retry-After")) * 1000 || 0;
  if (answer.status === 429) return { away: "busy", wait };
  if (AWAY.has(answer.status) || (method === "GET" && answer.status >= 500)) return { away: "silent", wait };
  let facts = null;
  try {
    if (answer.status !== 204) facts = await answer.json();
  } catch {
    if (answer.ok) return { away: "silent" }; // cut off on its way
  }
  if (answer.ok) return { facts };
  if (facts?.error === "StillRunning") return { away: "silent", wait: 500 };
  if (facts?.error === "AnswerUnknown") return { facts: null };
  throw new Refused(answer.status, facts?.message ?? "The server refused this.", facts?.details ?? []);
}

// The session is over: nothing more is asked, and after signing in the same board is shown.
function signIn() {
  location.assign(`/auth/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  return new Promise(() => {});
}

class Wire {
  // `told`: merged(changes), away(yes), filterRefused(message), lost(message)
  constructor(store, told) {
    this.store = store;
    this.told = told;
    this.lines = new Map(); // what is being waited for -> the promise of its last command
    this.tries = 0;
    this.seen = { filter: null, day: null }; // what the ids that match were asked for
    this.onVisible = () => document.hidden || this.poll();
  }

  // ---- commands --------------------------------------------------------------------------------------------------

  // After everything that was asked before of one of `about`. Tries again, with the same key, until there is an answer:
  // the server does nothing twice.
  async send(about, path, body) {
    const before = about.map((one) => this.lines.get(one));
    const sending = this.after(before, path, body);
    const done = sending.catch(() => {});
    for (const one of about) this.lines.set(one, done);
    try {
      return await sending;
    } finally {
      for (const one of about) if (this.lines.get(one) === done) this.lines.delete(one);
    }
  }

  async after(before, path, body) {
    await Promise.all(before);
    const [key, sent] = [newKey(), body()];
    if (sent === null) return null; // what it was built upon has been refused
    for (let tries = 0; ; tries++) {
      const { facts, away, wait } = await ask("POST", path, sent, key);
      this.isAway(away);
      if (!away) return facts;
      await pause(Math.max(wait ?? 0, Math.min(LONGEST_WAIT, 500 * 2 ** tries)), (wake) => (this.hurry = wake));
    }
  }

  async quiet() {
    await Promise.all(this.lines.values());
  }

  // `why`: the server is silent, or asks to be left alone because there was too much.
  isAway(why) {
    if (this.why !== why) this.told.away((this.why = why));
  }

  retry() {
    this.hurry?.();
    this.tries = 0;
    this.poll();
  }

  // ---- what others do ----------------------------------------------------------------------------------------------

  start(board, filter) {
    [this.board, this.filter] = [board, filter];
    if (this.runs) return;
    this.runs = true;
    document.addEventListener("visibilitychange", this.onVisible);
    this.poll();
  }

  stop() {
    this.runs = false;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  look(filter) {
    if (filter === this.filter) return;
    this.filter = filter;
    this.poll();
  }

  // Never two at a time; one more follows when something was asked for in the meantime.
  async poll() {
    if (!this.runs) return;
    clearTimeout(this.timer);
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    let wait = POLL;
    try {
      wait = await this.askForChanges();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.stop();
      this.told.lost(error.message);
    } finally {
      this.asking = false;
      const at = this.again ? 0 : wait;
      this.again = false;
      if (this.runs && !document.hidden) this.timer = setTimeout(() => this.poll(), at);
    }
  }

  // How long to wait for the next time.
  async askForChanges() {
    const { store, filter } = this;
    const asked = ++store.clock;
    const from = store.revision;
    const { facts, away, wait } = await this.changes(from, "");
    if (away) {
      this.isAway(away);
      return Math.max(wait ?? 0, Math.min(LONGEST_WAIT, POLL * 2 ** this.tries++));
    }
    this.tries = 0;
    if (!this.lines.size) this.isAway();
    const merged = store.merge(facts, asked);
    const matched = await this.askWhatMatches(filter, from !== facts.revision);
    this.told.merged(facts, merged || matched);
    return POLL;
  }

  // The ids that match are many, so they are asked for only when they may be others than before.
  async askWhatMatches(filter, changed) {
    const [now, { seen, store }] = [today(), this];
    if (!changed && seen.filter === filter && seen.day === now) return false;
    try {
      if (filter) {
        const { facts, away } = await this.changes(store.revision, filter);
        if (away) return false;
        store.match(facts.matching);
      } else store.match(null);
      this.told.filterRefused("");
    } catch (error) {
      if (error.status !== 422) throw error;
      this.told.filterRefused(error.message);
    }
    this.seen = { filter, day: now };
    return true;
  }

  changes(since, filter) {
    const query = new URLSearchParams();
    if (since !== null) query.set("since", since);
    if (filter) {
      query.set("filter", filter);
      query.set("zone", Intl.DateTimeFormat().resolvedOptions().timeZone);
    }
    return ask("GET", `/api/v1/boards/${this.board}/changes?${query}`);
  }
}
