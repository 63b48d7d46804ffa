// @ts-check
/**
 * The chat of nengbao (能报) as one custom element, `<nengbao-chat place="…" lang="…" server="…">`.
 *
 * It carries words and taps to the server and shows the answers; it decides nothing about insurance. Four parts: Diary
 * (what this browser remembers), Line (the way to the server), Talk (sends in order) and the element (what is seen).
 *
 * @typedef {{ key: string, label: string }} Choice
 * @typedef {{ name?: string, label?: string, value?: string, basis: string, mark?: string }} Figure
 * @typedef {{ key: string, label: string, status: string, payout: string, low?: string | null, high?: string | null,
 *   steps?: { say: string }[], figures?: Figure[] }} Layer
 * @typedef {{ kind: string, media_type: string, text?: string, data: string }} Attachment
 * @typedef {{ kind: string, text: string, choices?: Choice[], estimate?: { layers?: Layer[] },
 *   attachments?: Attachment[] }} Reply
 * @typedef {{ conversation: string, turn: number, message_id: string, replies: Reply[], erased?: boolean }} Answer
 * @typedef {{ text: string } | { choice: string } | { action: string }} Sending
 * @typedef {{ code?: string, say?: string, field?: string | null }} Refusal
 *
 * One message and what became of it: waiting (neither `replies` nor `error`), answered, or refused.
 * `words` is what its writer sees in the bubble; null when the message was not typed or tapped in this browser.
 * @typedef {{ id: string, words: string | null, send?: Sending, turn?: number, replies?: Reply[], error?: string }} Entry
 */

const KEPT_TURNS = 60;
const FAILURES_BEFORE_POST = 3;
const HELLO_PATIENCE_MS = 5_000;
const ANSWER_PATIENCE_MS = 20_000;
const WORKING_SHOWN_AFTER_MS = 300;
const WAKING = ["online", "storage", "visibilitychange"];

/** Refusals over the WebSocket that pass by themselves; over HTTP the status says so. */
const PASSING = ["busy", "internal", "rate_limited", "server_error", "too_many_requests", "unavailable"];

/** The widget's own words. What is said about insurance comes from the server. */
const WORDS = {
  zh_CN: {
    html: "zh-CN",
    me: "您",
    bot: "能报",
    log: "对话",
    input: "在这里写一句话",
    send: "发送",
    options: "可以点的回答",
    actions: { back: "返回", restart: "重来", why: "为什么", help: "帮助" },
    connecting: "正在连接…",
    offline: "已断开，正在重连…",
    offlineWaiting: "已断开，正在重连…您写的会自动补发。",
    working: "正在算…",
    unreachable: "网络不通，还没连上。连上后会自动补发。",
    failed: "出了点问题，这句话没办成。",
    fresh: "以前的对话已经过期，咱们从头开始。",
    again: "再试一次",
    layers: "每一层怎么算的，点开看",
    /** @param {string} number */
    yuan: (number) => `${number} 元`,
    status: { nothing: "这次不报", advice: "可以另外申请", not_computable: "算不出，要问当地" },
    someFigures: "有的数字",
    marks: { about: "约", other: "待核实" },
  },
  en: {
    html: "en",
    me: "You",
    bot: "nengbao",
    log: "Conversation",
    input: "Write a sentence here",
    send: "Send",
    options: "Answers to tap",
    actions: { back: "Back", restart: "Restart", why: "Why", help: "Help" },
    connecting: "Connecting…",
    offline: "Disconnected, reconnecting…",
    offlineWaiting: "Disconnected, reconnecting… Your words will be sent.",
    working: "Working it out…",
    unreachable: "No connection yet. What waits will be sent.",
    failed: "Something went wrong with this message.",
    fresh: "The earlier conversation has expired. Let us start afresh.",
    again: "Try again",
    layers: "How each layer was worked out",
    /** @param {string} number */
    yuan: (number) => `${number} yuan`,
    status: { nothing: "nothing this time", advice: "can be applied for", not_computable: "ask the local office" },
    someFigures: "Some figures",
    marks: { about: "about", other: "to be confirmed" },
  },
};

/** @typedef {typeof WORDS.zh_CN} Words */

/** @param {string} lang @returns {Words} */
const wordsFor = (lang) => (lang.startsWith("en") ? WORDS.en : WORDS.zh_CN);

/** A random id. `crypto.randomUUID` is missing on plain http, where village servers may live. */
function randomId() {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-a$4-$5");
}

/** Growing pauses, spread out so that many phones do not come back in one moment. @param {number} failures */
const pause = (failures) => Math.min(30_000, 700 * 2 ** Math.min(failures - 1, 6)) * (0.5 + Math.random() / 2);

/** `22800.00` → `22,800`; fen only when there are any. Text all the way: no floats. @param {string} amount */
function grouped(amount) {
  const [yuan, fen = ""] = amount.split(".");
  return yuan.replace(/\B(?=(\d{3})+$)/g, ",") + (/[1-9]/.test(fen) ? `.${fen}` : "");
}

// what this browser remembers ------------------------------------------------

/** The talk as kept in localStorage: the server does not store a person's words. Works without storage too. */
class Diary {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
    this.conversation = /** @type {string | null} */ (null);
    this.after = 0;
    /** @type {Entry[]} answered and refused ones in order, then the waiting ones in order */
    this.entries = [];
    this.adopt(this.stored());
  }

  /** The first message still without an answer. */
  get waiting() {
    return this.entries.find(isWaiting);
  }

  /** @param {Sending} send @param {string | null} words */
  add(send, words) {
    this.entries.push({ id: randomId(), words, send });
    this.save();
  }

  /** Note an answer; one that is known already changes nothing. @param {Answer} answer */
  settle({ conversation, turn, message_id, replies, erased }) {
    this.conversation = conversation;
    this.after = Math.max(this.after, turn);
    const known = this.entries.find((entry) => entry.id === message_id);
    if (known && !isWaiting(known)) return;
    if (erased) this.entries = this.entries.filter(isWaiting); // forgotten here too, not only at the server
    this.place({ id: message_id, words: known ? known.words : null, turn, replies });
  }

  /** Note that a message was turned down for good. @param {string} id @param {string} error */
  refuse(id, error) {
    const known = this.entries.find((entry) => entry.id === id);
    this.place({ id, words: known ? known.words : null, error });
  }

  /** Put a settled entry behind the last settled one. @param {Entry} settled */
  place(settled) {
    const others = this.entries.filter((entry) => entry.id !== settled.id);
    const done = others.filter((entry) => !isWaiting(entry));
    this.entries = [...done, settled].slice(-KEPT_TURNS).concat(others.filter(isWaiting));
    this.save();
  }

  /** The server knows the conversation no more: begin a new one, keep what still waits. @param {string} notice */
  startAnew(notice) {
    const waiting = this.entries.filter((entry) => isWaiting(entry) && entry.words !== null);
    this.conversation = null;
    this.after = 0;
    this.entries = [{ id: randomId(), words: null, error: notice }];
    this.add({ action: "start" }, null);
    this.entries.push(...waiting);
    this.save();
  }

  /** Take over what another tab wrote, keeping own messages it does not know. @param {string | null} text */
  adopt(text) {
    const kept = parsed(text);
    if (!kept) return;
    const ids = new Set(kept.entries.map((entry) => entry.id));
    const own = this.entries.filter((entry) => isWaiting(entry) && !ids.has(entry.id));
    Object.assign(this, kept, { entries: [...kept.entries, ...own] });
  }

  stored() {
    try {
      return localStorage.getItem(this.key);
    } catch {
      return null; // storage is switched off: the talk lives as long as the page
    }
  }

  save() {
    const { conversation, after, entries } = this;
    try {
      localStorage.setItem(this.key, JSON.stringify({ v: 1, conversation, after, entries }));
    } catch {
      // storage is switched off or full: the talk lives as long as the page
    }
  }
}

/** @param {Entry} entry */
const isWaiting = (entry) => !entry.replies && !entry.error;

/** @param {string | null} text @returns {{ conversation: string | null, after: number, entries: Entry[] } | null} */
function parsed(text) {
  try {
    const { v, conversation, after, entries } = JSON.parse(text || "null");
    return v === 1 && Array.isArray(entries) ? { conversation, after, entries } : null;
  } catch {
    return null; // nothing there, or not ours
  }
}

// the way to the server ------------------------------------------------

/** Why a message has no answer. `passing`: worth sending again. `lost`: the connection went, which the status line tells. */
class Trouble extends Error {
  /** @param {Refusal} refusal @param {{ passing?: boolean, lost?: boolean }} nature */
  constructor({ code, say }, { passing = false, lost = false }) {
    super(code);
    this.code = code;
    this.say = say;
    this.passing = passing;
    this.lost = lost;
  }
}

/** A WebSocket that comes back by itself; POST while none can be opened. Carries one message at a time. */
class Line {
  /** @param {string} server @param {Talk} talk who is told what came */
  constructor(server, talk) {
    this.server = server;
    this.talk = talk;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {{ id: string, resolve: (answer: Answer) => void, reject: (trouble: Trouble) => void } | null} */
    this.asked = null;
    this.failures = 0;
    this.ready = false; // the WebSocket has greeted
    this.reachable = false; // no WebSocket, but the server answers plain requests
    this.closed = false;
  }

  get usable() {
    return this.ready || this.reachable;
  }

  open() {
    if (this.socket || this.closed) return;
    clearTimeout(this.timer);
    try {
      this.socket = new WebSocket(new URL("/ws", this.server).href.replace(/^http/, "ws"));
    } catch {
      return this.lost(); // forbidden by the page or unknown to the browser
    }
    this.socket.onopen = () => this.write({ type: "hello", ...this.talk.hello() });
    this.socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    this.socket.onclose = () => this.lost();
    this.allow(HELLO_PATIENCE_MS);
  }

  close() {
    this.closed = true;
    this.lost();
  }

  /** Give the other side some time, then count the socket as dead: half-open ones never say so. @param {number} ms */
  allow(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lost(), ms);
  }

  /** @param {object} message */
  write(message) {
    /** @type {WebSocket} */ (this.socket).send(JSON.stringify(message));
  }

  lost() {
    if (this.socket) {
      this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
      this.socket.close();
    }
    this.socket = null;
    this.ready = false;
    this.failures += 1;
    this.answered()?.reject(new Trouble({}, { passing: true, lost: true }));
    if (this.closed) return;
    this.timer = setTimeout(() => this.open(), pause(this.failures));
    if (this.failures >= FAILURES_BEFORE_POST) this.probe();
    this.talk.update();
  }

  /** Is the server there at all, only not for WebSockets? Any answer will do. */
  async probe() {
    this.reachable = await fetch(new URL("/healthz", this.server).href, { mode: "no-cors", cache: "no-store" }).then(
      () => !this.ready,
      () => false,
    );
    if (!this.closed) this.talk.update();
  }

  /** @param {any} message */
  receive(message) {
    const mine = this.asked && (message.message_id || this.asked.id) === this.asked.id;
    if (message.type === "events") this.greeted(message.events);
    else if (message.type === "turn" && mine) this.answered()?.resolve(message);
    else if (message.type === "turn") this.talk.heard([message]);
    else if (message.type === "error") this.turnedDown(message.error || {}, mine);
  }

  /** @param {Answer[]} missed */
  greeted(missed) {
    clearTimeout(this.timer);
    this.failures = 0;
    this.ready = true;
    this.reachable = false;
    this.talk.heard(missed);
    this.talk.update();
  }

  /** @param {Refusal} refusal @param {boolean | null} mine */
  turnedDown(refusal, mine) {
    const trouble = new Trouble(refusal, { passing: PASSING.includes(refusal.code || "") });
    if (mine) this.answered()?.reject(trouble);
    else this.talk.refused(trouble);
  }

  /** The question that was out, which is so no longer. */
  answered() {
    const asked = this.asked;
    this.asked = null;
    clearTimeout(this.timer);
    return asked;
  }

  /** @param {{ message_id: string, conversation: string | null }} message @returns {Promise<Answer>} */
  send(message) {
    return this.ready ? this.ask(message) : this.post(message);
  }

  /** @param {{ message_id: string }} message @returns {Promise<Answer>} */
  ask(message) {
    return new Promise((resolve, reject) => {
      this.asked = { id: message.message_id, resolve, reject };
      this.allow(ANSWER_PATIENCE_MS);
      this.write({ type: "turn", ...message });
    });
  }

  /** @param {{ conversation: string | null }} message @returns {Promise<Answer>} */
  async post({ conversation, ...message }) {
    const body = { ...(conversation && { conversation }), ...message, channel: "web" };
    const [status, answer] = await posted(new URL("/api/v1/turn", this.server).href, body);
    if (status < 400) return answer;
    throw new Trouble(answer.error || {}, { passing: status >= 500 || status === 429 });
  }
}

/** @param {string} address @param {object} body @returns {Promise<[number, any]>} */
async function posted(address, body) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_PATIENCE_MS);
  const headers = { "Content-Type": "application/json" };
  try {
    const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(body), signal: stop.signal });
    return [response.status, await response.json()];
  } catch {
    throw new Trouble({}, { passing: true }); // no network, no answer in time, or a gateway's page instead of JSON
  } finally {
    clearTimeout(timer);
  }
}

// sending in order ------------------------------------------------

/** The conversation as this browser has it. Every message stays in the diary until its answer came. */
class Talk {
  /** @param {{ server: string, place: string | null, lang: string, words: Words, changed: () => void }} setting */
  constructor({ server, place, lang, words, changed }) {
    this.words = words;
    this.changed = changed;
    this.about = { ...(place && { place }), lang };
    this.diary = new Diary(`nengbao:${server}:${place || ""}`);
    this.busy = false;
    this.tries = 0;
    this.trouble = "";
    if (!this.diary.entries.length) this.diary.add({ action: "start" }, null);
    this.line = new Line(server, this);
  }

  open() {
    WAKING.forEach((name) => addEventListener(name, this));
    this.line.open();
  }

  close() {
    WAKING.forEach((name) => removeEventListener(name, this));
    clearTimeout(this.timer);
    this.line.close();
  }

  /** What to greet the server with. */
  hello() {
    const { conversation, after } = this.diary;
    return { conversation, after, place: null, ...this.about };
  }

  /** The network is back, the phone woke up, or another tab wrote into the diary. @param {Event} event */
  handleEvent(event) {
    if (!(event instanceof StorageEvent)) return this.again();
    if (event.key !== this.diary.key) return;
    this.diary.adopt(event.newValue);
    this.update();
  }

  /** What the status line says, if anything. */
  get state() {
    if (this.busy) return this.words.working;
    if (this.line.usable) return "";
    if (!this.line.failures) return this.words.connecting;
    return this.diary.entries.some((entry) => isWaiting(entry) && entry.words) ? this.words.offlineWaiting : this.words.offline;
  }

  /** Why the first waiting message still waits, once that takes long. */
  get hindrance() {
    return this.trouble || (!this.line.usable && this.line.failures >= FAILURES_BEFORE_POST ? this.words.unreachable : "");
  }

  /** @param {Sending} send @param {string} words */
  say(send, words) {
    this.diary.add(send, words);
    this.update();
  }

  /** Try at once, without waiting for the pause to end. */
  again() {
    this.line.open();
    this.update();
  }

  update() {
    this.flush();
    this.changed();
  }

  /** Send what waits, in order, one at a time. */
  async flush() {
    if (this.busy) return;
    clearTimeout(this.timer);
    try {
      while (this.line.usable && this.diary.waiting) {
        this.busy = true;
        if (!(await this.deliver(this.diary.waiting))) break;
      }
    } finally {
      this.busy = false;
    }
    if (!this.line.closed) this.changed();
  }

  /** Send one message and note what came of it; false when the others had better wait. @param {Entry} entry */
  async deliver({ id, send }) {
    const { conversation } = this.diary;
    try {
      this.heard([await this.line.send({ conversation, message_id: id, ...send, ...this.about })]);
      return true;
    } catch (trouble) {
      if (!(trouble instanceof Trouble)) throw trouble;
      return this.undelivered(id, trouble, conversation);
    }
  }

  /** @param {string} id @param {Trouble} trouble @param {string | null} conversation */
  undelivered(id, trouble, conversation) {
    if (trouble.passing) return this.postpone(trouble);
    if (!this.forgotten(trouble, conversation)) this.diary.refuse(id, trouble.say || this.words.failed);
    this.changed();
    return true;
  }

  /** Keep the message and come back to it: when the connection is back, or after a pause. @param {Trouble} trouble */
  postpone(trouble) {
    if (trouble.lost || this.line.closed) return false;
    this.trouble = trouble.say || this.words.unreachable;
    this.tries += 1;
    this.timer = setTimeout(() => this.flush(), pause(this.tries));
    return false;
  }

  /** @param {Answer[]} answers */
  heard(answers) {
    answers.forEach((answer) => this.diary.settle(answer));
    this.tries = 0;
    this.trouble = "";
    this.changed();
  }

  /** The greeting was turned down: greet anew, at once if only the conversation was the matter. @param {Trouble} trouble */
  refused(trouble) {
    const anew = this.forgotten(trouble, this.diary.conversation);
    this.line.lost();
    if (anew) this.line.open();
  }

  /** Begin anew, once, when the server knows the conversation no more. @param {Trouble} trouble @param {string | null} conversation */
  forgotten({ code }, conversation) {
    if (code !== "unknown_conversation" || conversation === null) return false;
    if (conversation === this.diary.conversation) this.diary.startAnew(this.words.fresh);
    return true;
  }
}

// what is seen ------------------------------------------------

/**
 * An element with attributes and children, absent ones left out. Words only ever enter as text nodes.
 * @param {string} tag @param {Record<string, string>} attributes @param {(Node | string | false | 0)[]} children
 */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(.../** @type {(Node | string)[]} */ (children.filter(Boolean)));
  return node;
}

/** Words with 12393, the insurance hotline, made a link to dial; an amount of that size is left alone. @param {string} text */
const dialable = (text) =>
  text.split(/\b(12393)\b(?!\.\d| ?元)/).map((part, odd) => (odd % 2 ? el("a", { href: `tel:${part}` }, part) : part));

/** The words of a reply, verbatim. The first line of an estimate, the two amounts, stands out. @param {Reply} reply */
function saying({ kind, text }) {
  const end = text.indexOf("\n");
  if (kind !== "estimate") return el("div", { class: "words" }, ...dialable(text));
  const first = el("span", { class: "first" }, end < 0 ? text : text.slice(0, end));
  const rest = end >= 0 && el("span", { class: "rest" }, ...dialable(text.slice(end + 1)));
  return el("div", { class: "words" }, first, rest && "\n", rest);
}

/** A picture as <img>, where an SVG can neither run scripts nor fetch anything. @param {Attachment} attachment */
function picture({ media_type, text = "", data }) {
  const svg = media_type === "image/svg+xml";
  const source = svg ? `data:${media_type};charset=utf-8,${encodeURIComponent(data)}` : `data:${media_type};base64,${data}`;
  const [, width, height] = (svg && /viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"/.exec(data)) || [];
  return el("img", { src: source, alt: text, part: "picture", ...(width && { width, height }) }); // the size keeps the place free
}

/** What a layer comes to, in a few words. @param {Layer} layer @param {Words} words */
function outcome({ status, payout, low, high }, words) {
  if (status !== "paid") return /** @type {Record<string, string>} */ (words.status)[status] || "";
  return words.yuan(low && high && low !== high ? `${grouped(low)}–${grouped(high)}` : grouped(payout));
}

/** Figures that are not firm, each with its mark; keys are never shown. @param {Figure[]} figures @param {Words} words */
function doubtsNode(figures, words) {
  const marked = figures.map(({ label, value = "", basis, mark }) => [
    label ? `${label} ${value}`.trim() : words.someFigures,
    mark || (basis === "about" ? words.marks.about : words.marks.other),
  ]);
  const once = [...new Map(marked.map((pair) => [pair.join(), pair])).values()];
  const items = once.map(([name, mark]) => el("li", {}, `${name} `, el("span", { class: "mark" }, mark)));
  return items.length && el("ul", {}, ...items);
}

/** @param {Layer} layer @param {Words} words */
function layerNode(layer, words) {
  const { key, status, label, steps = [], figures = [] } = layer;
  const doubtful = figures.filter(({ basis }) => !["stated", "derived", "confirmed"].includes(basis));
  return el(
    "details",
    { "data-layer": key, "data-status": status, part: "layer" },
    el("summary", {}, el("span", { class: "label" }, label), " ", el("span", { class: "amount" }, outcome(layer, words))),
    ...steps.map(({ say }) => el("p", {}, say)),
    doubtsNode(doubtful, words),
  );
}

/** The layers that play a part in an estimate. @param {Reply["estimate"]} estimate @param {Words} words */
function layersNode(estimate, words) {
  const layers = ((estimate && estimate.layers) || []).filter(({ status }) => status !== "not_applicable");
  const nodes = layers.map((layer) => layerNode(layer, words));
  return nodes.length && el("div", { class: "layers" }, el("p", {}, words.layers), ...nodes);
}

/** @param {Choice[]} choices @param {Words} words */
function choicesNode(choices, words) {
  const buttons = choices.map(({ key, label }) => el("button", { type: "button", "data-key": key, part: "choice" }, label));
  return buttons.length && el("div", { class: "choices", role: "group", "aria-label": words.options }, ...buttons);
}

/** @param {Reply} reply @param {string} turn @param {Words} words */
function replyNode(reply, turn, words) {
  const pictures = (reply.attachments || []).filter(({ kind }) => kind === "picture").map(picture);
  return el(
    "article",
    { "data-who": "bot", "data-turn": turn, "data-kind": reply.kind, "aria-label": words.bot, part: "message bot" },
    el("div", { class: "bubble" }, saying(reply), ...pictures, layersNode(reply.estimate, words)),
    choicesNode(reply.choices || [], words),
  );
}

/** @param {string} text @param {Words} words */
function mineNode(text, words) {
  const bubble = el("div", { class: "bubble" }, el("div", { class: "words" }, text));
  return el("article", { "data-who": "me", "data-turn": "", "aria-label": words.me, part: "message me" }, bubble);
}

/** A line of the widget's own: what went wrong, kindly, with the next tap. @param {string} say @param {boolean} again @param {Words} words */
function noteNode(say, again, words) {
  const button = again && el("button", { type: "button", "data-role": "again" }, words.again);
  return el("div", { class: "note", "data-role": "note" }, el("span", {}, say), button);
}

/** One message with what it brought; drawn again and again without rebuilding what stands. */
class Exchange {
  /** @param {Entry} entry @param {Words} words */
  constructor(entry, words) {
    this.words = words;
    this.node = el("section", { "data-message": entry.id });
    if (entry.words !== null) this.node.append(mineNode(entry.words, words));
    this.said = "";
  }

  /** @param {Entry} entry @param {string} hindrance why it waits, if it is its turn and it does */
  show(entry, hindrance) {
    const turn = String(entry.turn || "");
    this.node.toggleAttribute("data-waiting", isWaiting(entry));
    this.node.querySelectorAll("[data-who=me]").forEach((mine) => mine.setAttribute("data-turn", turn));
    this.note(entry.error || hindrance, !entry.error);
    if (!entry.replies || this.node.querySelector("[data-who=bot]")) return;
    this.node.append(...entry.replies.map((reply) => replyNode(reply, turn, this.words)));
  }

  /** @param {string} say @param {boolean} again */
  note(say, again) {
    if (say === this.said) return;
    this.said = say;
    this.node.querySelectorAll("[data-role=note]").forEach((note) => note.remove());
    if (say) this.node.append(noteNode(say, again, this.words));
  }
}

const CSS = `
:host {
  --paper: #f8f3eb; --card: #fffdfa; --ink: #29241f; --soft: #61574c; --line: #dccfbd; --edge: #8f8271;
  --accent: #1b6250; --on-accent: #fff; --mine: #d9ebe0; --note: #fbe9d0; --on-note: #643c05;
  display: flex; flex-direction: column; box-sizing: border-box; width: 100%; max-width: 44rem;
  height: min(44rem, 90vh); margin: 0 auto; overflow: hidden; border: 1px solid var(--line); border-radius: 14px;
  font: max(18px, 1.125rem)/1.6 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", system-ui, sans-serif;
  color: var(--ink); background: var(--paper); color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :host {
    --paper: #181512; --card: #26211d; --ink: #f3ece2; --soft: #c0b4a5; --line: #433b33; --edge: #857a6d;
    --accent: #8bd6bc; --on-accent: #0c2a20; --mine: #1d4538; --note: #3f2e17; --on-note: #f8dcae;
  }
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
.frame { display: flex; flex-direction: column; flex: 1; min-height: 0; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
[role=log] { position: relative; flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 14px; }
section + section { margin-top: 14px; }
article + article, .note + article, article + .note { margin-top: 10px; }
article { display: flex; flex-direction: column; align-items: flex-start; }
[data-who=me] { align-items: flex-end; }
.bubble { max-width: 92%; padding: 9px 14px; border: 1px solid var(--line); border-radius: 4px 16px 16px; background: var(--card); }
[data-who=me] .bubble { max-width: 85%; border-color: transparent; border-radius: 16px 4px 16px 16px; background: var(--mine); }
[data-waiting] [data-who=me] .bubble { border: 1px dashed var(--edge); }
.words { white-space: pre-wrap; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: .15em; }
[data-kind=estimate] .bubble { display: flex; flex-direction: column; width: 100%; max-width: 100%; padding: 14px 16px 8px; }
[data-kind=estimate] .words { display: contents; }
.first { font-size: 1.3em; font-weight: 700; line-height: 1.45; font-variant-numeric: tabular-nums; text-wrap: balance; }
.rest { order: 1; margin-top: 8px; }
img { display: block; width: 100%; max-width: 32rem; height: auto; margin: 10px auto 4px; border-radius: 8px; background: #fff; }
.layers { order: 2; margin: 14px -16px 0; }
.layers > p { margin: 0; padding: 0 16px 6px; font-size: .9em; color: var(--soft); }
details { border-top: 1px solid var(--line); }
summary { display: flex; align-items: center; gap: 10px; min-height: 48px; padding: 8px 16px; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: ""; flex: none; width: 8px; height: 8px; border: solid var(--accent); border-width: 0 2.5px 2.5px 0; transform: rotate(-45deg); }
[open] > summary::before { transform: translateY(-2px) rotate(45deg); }
.label { flex: 1; font-weight: 600; }
.amount { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); }
[data-status=paid] .amount { font-weight: 700; color: var(--accent); }
details > p, details > ul { margin: 0; padding: 0 16px 8px 34px; overflow-wrap: anywhere; }
details > :last-child:not(summary) { padding-bottom: 14px; }
ul { list-style: none; font-size: .9em; color: var(--soft); }
.mark { display: inline-block; padding: 0 8px; border-radius: 6px; background: var(--note); color: var(--on-note); }
.note { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; padding: 8px 14px; border-radius: 12px; background: var(--note); color: var(--on-note); }
.choices { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 10px; }
button { min-height: 48px; padding: 6px 16px; font: inherit; line-height: 1.35; border: 1px solid var(--edge); border-radius: 12px; background: transparent; color: inherit; cursor: pointer; touch-action: manipulation; }
.choices button { text-align: start; color: var(--soft); }
[data-now] .choices button { border: 1.5px solid var(--accent); background: var(--card); color: var(--accent); font-weight: 600; }
.note button { border-color: currentColor; }
[role=status] { min-height: 1.8em; padding: 2px 16px 0; font-size: .85em; color: var(--soft); border-top: 1px solid var(--line); }
form { display: flex; gap: 8px; padding: 0 12px 8px; }
input { flex: 1; min-width: 0; min-height: 50px; padding: 6px 14px; font: inherit; color: inherit; background: var(--card); border: 1.5px solid var(--edge); border-radius: 12px; }
input::placeholder { color: var(--soft); opacity: 1; }
form button { flex: none; min-height: 50px; border-color: transparent; background: var(--accent); color: var(--on-accent); font-weight: 700; }
.actions { display: flex; gap: 2px; padding: 0 8px max(4px, env(safe-area-inset-bottom)); }
.actions button { flex: 1; min-width: 0; min-height: 46px; padding: 4px; border: 0; color: var(--soft); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[role=log]:focus-visible { outline-offset: -3px; }
@media (hover: hover) {
  [data-now] .choices button:hover { background: var(--mine); }
  summary:hover .label { text-decoration: underline; }
}
button:active { transform: scale(.98); }
@media (prefers-reduced-motion: no-preference) {
  summary::before, button { transition: transform .12s; }
}
`;

/** @param {ShadowRoot} root */
function dress(root) {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet]; // allowed by style-src 'self', which an inline <style> is not
  } catch {
    root.append(el("style", {}, CSS)); // browsers before 2023 know no constructed sheets
  }
}

/** The fixed furniture around the log. @param {Words} words */
function furniture(words) {
  const actions = Object.entries(words.actions).map(([action, label]) =>
    el("button", { type: "button", "data-action": action, part: "action" }, label),
  );
  const typing = { type: "text", maxlength: "2000", autocomplete: "off", enterkeyhint: "send", placeholder: words.input };
  const input = el("input", { ...typing, id: "input", "data-role": "input", part: "input" });
  const label = el("label", { for: "input", class: "hidden" }, words.input);
  return el(
    "div",
    { class: "frame", lang: words.html },
    el("div", { role: "log", "aria-label": words.log, "aria-live": "off", tabindex: "0", "data-role": "log", part: "log" }),
    el("div", { role: "status", "data-role": "status", part: "status" }),
    el("form", {}, label, input, el("button", { "data-role": "send", part: "send" }, words.send)),
    el("div", { class: "actions", part: "actions" }, ...actions),
  );
}

class NengbaoChat extends HTMLElement {
  static observedAttributes = ["place", "lang", "server"];

  constructor() {
    super();
    this.root = this.attachShadow({ mode: "open" });
    /** @type {Talk | null} */
    this.talk = null;
    /** @type {Map<string, Exchange>} */
    this.exchanges = new Map();
    this.words = WORDS.zh_CN;
    this.drawn = 0;
    dress(this.root);
    this.root.addEventListener("click", (event) => this.pressed(/** @type {MouseEvent} */ (event)));
    this.root.addEventListener("keydown", (event) => this.typed(/** @type {KeyboardEvent} */ (event)));
    this.root.addEventListener("submit", (event) => this.submitted(event));
  }

  connectedCallback() {
    const server = new URL(this.getAttribute("server") || import.meta.url, location.href).origin;
    const lang = (this.getAttribute("lang") || "zh_CN").replace("-", "_");
    this.words = wordsFor(lang);
    this.exchanges.clear();
    this.frame = furniture(this.words);
    this.root.append(this.frame);
    this.talk = new Talk({ server, place: this.getAttribute("place"), lang, words: this.words, changed: () => this.draw() });
    this.draw();
    this.talk.open();
    const log = this.piece("log");
    setTimeout(() => log.setAttribute("aria-live", "polite")); // old turns are not read out again
  }

  disconnectedCallback() {
    clearTimeout(this.telling);
    if (this.talk) this.talk.close();
    if (this.frame) this.frame.remove();
    this.talk = null;
  }

  /** @param {string} _name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(_name, before, now) {
    if (!this.talk || before === now) return;
    this.disconnectedCallback();
    this.connectedCallback();
  }

  /** @param {string} role @returns {HTMLElement} */
  piece(role) {
    return /** @type {HTMLElement} */ (this.root.querySelector(`[data-role=${role}]`));
  }

  draw() {
    if (!this.talk) return;
    const { diary, hindrance, state } = this.talk;
    const nodes = diary.entries.map((entry) => this.exchange(entry, entry === diary.waiting ? hindrance : ""));
    const log = this.piece("log");
    [...log.children].filter((node) => !nodes.some((kept) => kept === node)).forEach((node) => node.remove());
    const ids = new Set(diary.entries.map((entry) => entry.id));
    [...this.exchanges.keys()].filter((id) => !ids.has(id)).forEach((id) => this.exchanges.delete(id));
    nodes.forEach((node, place) => log.children[place] !== node && log.insertBefore(node, log.children[place] || null));
    const open = diary.entries.filter((entry) => entry.replies).pop();
    nodes.forEach((node) => node.toggleAttribute("data-now", !!open && node.dataset.message === open.id));
    this.follow(log);
    this.tell(state);
  }

  /** @param {Entry} entry @param {string} hindrance */
  exchange(entry, hindrance) {
    const exchange = this.exchanges.get(entry.id) || new Exchange(entry, this.words);
    this.exchanges.set(entry.id, exchange);
    exchange.show(entry, hindrance);
    return exchange.node;
  }

  /** When something is new: to the end, but never past the beginning of the newest exchange. @param {HTMLElement} log */
  follow(log) {
    const amount = log.querySelectorAll("article, .note").length;
    const last = /** @type {HTMLElement | null} */ (log.lastElementChild);
    if (last && amount !== this.drawn) log.scrollTop = Math.min(log.scrollHeight, last.offsetTop - 12);
    this.drawn = amount;
  }

  /** Quick answers come before 正在算 could be read. @param {string} state */
  tell(state) {
    const show = () => (this.piece("status").textContent = state);
    clearTimeout(this.telling);
    if (state === this.words.working) this.telling = setTimeout(show, WORKING_SHOWN_AFTER_MS);
    else show();
  }

  /** @param {MouseEvent} event */
  pressed(event) {
    const button = event.target instanceof Element && event.target.closest("button");
    if (!button || !this.talk) return;
    const { key, action, role } = button.dataset;
    if (role === "again") this.talk.again();
    if (action) this.talk.say({ action }, button.innerText);
    if (key && event.detail < 2) this.talk.say({ choice: key }, button.innerText); // a trembling hand taps twice
  }

  /** Enter that only ends a pinyin composition is not for us (Safari reports it as key 229). @param {KeyboardEvent} event */
  typed(event) {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.preventDefault();
  }

  /** @param {Event} event */
  submitted(event) {
    event.preventDefault();
    const input = /** @type {HTMLInputElement} */ (this.piece("input"));
    const text = input.value.trim();
    if (!text || !this.talk) return;
    input.value = "";
    this.talk.say({ text }, text);
  }
}

/** Put a chat beside a script tag that asks for one with data-place or data-mount. */
function mount() {
  const tags = /** @type {HTMLScriptElement[]} */ ([...document.querySelectorAll("script[src]")]);
  const tag = tags.find(({ src }) => src === import.meta.url) || tags.find(({ src }) => src.endsWith("widget.js"));
  const asked = tag && ("place" in tag.dataset || "mount" in tag.dataset);
  if (!tag || !asked || document.querySelector("nengbao-chat")) return;
  const wishes = ["place", "lang", "server"].filter((name) => tag.dataset[name]);
  const chat = el("nengbao-chat", Object.fromEntries(wishes.map((name) => [name, tag.dataset[name] || ""])));
  if (document.head.contains(tag)) document.body.append(chat);
  else tag.after(chat);
}

if (!customElements.get("nengbao-chat")) {
  customElements.define("nengbao-chat", NengbaoChat);
  mount();
}
