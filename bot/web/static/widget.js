// @ts-check
/**
 * The chat of nengbao (能报) as one custom element, `<nengbao-chat place="…" lang="…">`, put on a page by one tag:
 * `<script src="…/widget.js" data-place="…"></script>`. See docs/embedding.md.
 *
 * It carries words and taps to the server and shows the answers; it decides nothing about insurance. Parts: Diary (what this
 * browser remembers), Line (the way to the server), Talk (sends in order), reading aloud, and the element (what is seen).
 *
 * @typedef {{ key: string, label: string }} Choice
 * @typedef {{ name?: string, say?: string, value?: string, basis: string, mark?: string }} Figure
 * @typedef {{ key: string, label: string, status: string, payout: string, low?: string | null, high?: string | null,
 *   steps?: { say: string }[], figures?: Figure[] }} Layer
 * @typedef {{ label: string, own: string, total: string, parts: { label: string, amount: string, tone: string }[] }} Bar
 * @typedef {{ kind: string, media_type: string, text?: string, data: string, bars?: Bar[],
 *   clauses?: { say: string, address: string }[], address?: string, case?: object, label?: string }} Attachment
 * @typedef {{ place?: string, edition?: string, status: string, total: string, hospital_borne?: string, layers?: Layer[],
 *   out_of_pocket?: { amount: string, low: string, high: string } | null }} Estimate
 * @typedef {{ kind: string, text: string, choices?: Choice[], estimate?: Estimate, attachments?: Attachment[] }} Reply
 * @typedef {{ conversation: string, turn: number, message_id: string, replies: Reply[], erased?: boolean, secret?: boolean }} Answer
 * @typedef {{ text: string } | { choice: string } | { action: string }} Sending
 * @typedef {{ code?: string, say?: string, field?: string | null }} Refusal
 *
 * One message and what became of it: waiting (neither `replies` nor `error`), answered, or refused.
 * `words` is what its writer sees in the bubble; null when the message was not typed or tapped in this browser.
 * @typedef {{ id: string, words: string | null, send?: Sending, turn?: number, replies?: Reply[], error?: string }} Entry
 */

(() => {
"use strict"; // a plain script may stand anywhere; nothing of it becomes global

const TAG = /** @type {HTMLScriptElement | null} */ (document.currentScript);
const SCRIPT = TAG ? TAG.src : "";
const KEPT_TURNS = 60;
const FAILURES_BEFORE_POST = 3;
const HELLO_PATIENCE_MS = 5_000;
const ANSWER_PATIENCE_MS = 20_000;
const WORKING_SHOWN_AFTER_MS = 300;
const WAKING = ["online", "storage", "visibilitychange"];

/** Refusals over the WebSocket that pass by themselves; over HTTP the status says so. */
const PASSING = ["busy", "internal", "rate_limited", "server_error", "too_many_requests", "unavailable"];

/** The widget's own words. What is said about insurance comes from the server. `aloud`: the language of reading aloud and of dictation. */
const WORDS = {
  zh_CN: {
    html: "zh-CN",
    title: "能报多少",
    me: "您",
    bot: "能报",
    log: "对话",
    input: "在这里写一句话",
    send: "发送",
    options: "可以点的回答",
    actions: { back: "返回", restart: "重来", why: "为什么", help: "帮助" },
    views: ["长辈版", "字再大些", "标准版"],
    connecting: "正在连接…",
    offline: "已断开，正在重连…",
    offlineWaiting: "已断开，正在重连…您写的会自动补发。",
    working: "正在算…",
    unreachable: "网络不通，还没连上。连上后会自动补发。",
    failed: "出了点问题，这句话没办成。",
    fresh: "以前的对话已经过期，咱们从头开始。",
    again: "再试一次",
    glance: ["总共", "报销", "自己付"],
    about: "大约",
    most: "最多",
    least: "至少",
    layers: "每一层怎么算的，点开看",
    /** @param {string} number */
    yuan: (number) => `${number} 元`,
    status: { nothing: "这次不报", advice: "可以另外申请", not_computable: "算不出，要问当地" },
    figures: "用到的数",
    marks: { about: "约", other: "待核实" },
    clause: "看条文",
    wrong: "这个数不对",
    wrongHow: "哪里不对？不用写姓名、电话。",
    wrongSend: "告诉我们",
    wrongNot: "不说了",
    sheet: "打印明白纸",
    slip: "打印小条",
    printing: "正在做…",
    read: "念一念",
    readStop: "别念了",
    speak: "说话",
    speaking: "请说，说完等一下。",
    speakNote: "听写是浏览器做的，声音可能会送到它的公司。",
    speakFailed: "没听清，请再说一次，或者写字。",
  },
  en: {
    html: "en",
    title: "How much is paid?",
    me: "You",
    bot: "nengbao",
    log: "Conversation",
    input: "Write a sentence here",
    send: "Send",
    options: "Answers to tap",
    actions: { back: "Back", restart: "Restart", why: "Why", help: "Help" },
    views: ["Larger", "Largest", "Standard"],
    connecting: "Connecting…",
    offline: "Disconnected, reconnecting…",
    offlineWaiting: "Disconnected, reconnecting… Your words will be sent.",
    working: "Working it out…",
    unreachable: "No connection yet. What waits will be sent.",
    failed: "Something went wrong with this message.",
    fresh: "The earlier conversation has expired. Let us start afresh.",
    again: "Try again",
    glance: ["Bill", "Paid", "You pay"],
    about: "about",
    most: "at most",
    least: "at least",
    layers: "How each layer was worked out",
    /** @param {string} number */
    yuan: (number) => `${number} yuan`,
    status: { nothing: "nothing this time", advice: "can be applied for", not_computable: "ask the local office" },
    figures: "Figures used",
    marks: { about: "about", other: "to be confirmed" },
    clause: "Read the rule",
    wrong: "This figure is wrong",
    wrongHow: "What is wrong? No name or telephone, please.",
    wrongSend: "Tell us",
    wrongNot: "Never mind",
    sheet: "Print the sheet",
    slip: "Print a slip",
    printing: "Being made…",
    read: "Read aloud",
    readStop: "Stop reading",
    speak: "Speak",
    speaking: "Please speak, then wait a moment.",
    speakNote: "The browser writes down what you say; the sound may be sent to its company.",
    speakFailed: "I did not catch that. Please try again, or write.",
  },
};

/** @typedef {typeof WORDS.zh_CN} Words */

/** Each simplified character of the words above that is written otherwise, after its traditional form; a test compares with OpenCC. */
const HANT = "報报對对話话這这裡里寫写發发點点來来為为麼么幫帮長长輩辈標标準准連连斷断開开會会動动補补網网絡络還还沒没後后問问題题辦办經经過过們们從从頭头試试總总銷销約约層层請请當当數数實实條条個个電电訴诉說说紙纸別别聽听瀏浏覽览聲声";

/** The same words in traditional characters. @param {any} words @returns {any} */
const traditional = (words) =>
  typeof words === "string"
    ? words.replace(/[^\0-\x7f]/g, (char) => (HANT.indexOf(char) % 2 > 0 ? HANT[HANT.indexOf(char) - 1] : char))
    : typeof words === "function"
      ? words
      : Array.isArray(words)
        ? words.map(traditional)
        : Object.fromEntries(Object.entries(words).map(([name, each]) => [name, traditional(each)]));

/** @param {string} lang @returns {Words} */
function wordsFor(lang) {
  if (lang.startsWith("en")) return WORDS.en;
  return /hant|tw|hk|mo/i.test(lang) ? { ...traditional(WORDS.zh_CN), html: "zh-Hant" } : WORDS.zh_CN;
}

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
    this.adopt(stored(key));
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
  settle({ conversation, turn, message_id, replies, erased, secret }) {
    const carried = this.conversation && conversation !== this.conversation; // a talk that came from another door counts its own turns
    this.conversation = conversation;
    this.after = carried ? turn : Math.max(this.after, turn);
    const known = this.entries.find((entry) => entry.id === message_id);
    if (known && !isWaiting(known)) return;
    if (erased) this.entries = this.entries.filter(isWaiting); // forgotten here too, not only at the server
    const words = known && !secret ? known.words : null; // the key of a desk is shown and kept no longer than it has to be
    this.place({ id: message_id, words, turn, replies });
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

  /** Go on with a talk that began elsewhere: what was said there comes with the greeting. @param {string} conversation */
  carry(conversation) {
    if (conversation === this.conversation) return; // the same page once more: what waits here still waits
    Object.assign(this, { conversation, after: 0, entries: [] });
    this.save();
  }

  save() {
    const { conversation, after, entries } = this;
    keep(this.key, JSON.stringify({ v: 1, conversation, after, entries }));
  }
}

/** What this browser keeps under a name; null when storage is switched off. @param {string} key */
function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** With storage switched off or full, the talk lives as long as the page. @param {string} key @param {string} value */
function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // nothing to be done
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
    const file = (response.headers.get("Content-Type") || "").includes("pdf");
    return [response.status, await (file ? response.blob() : response.json())];
  } catch {
    throw new Trouble({}, { passing: true }); // no network, no answer in time, or a gateway's page instead of JSON
  } finally {
    clearTimeout(timer);
  }
}

// sending in order ------------------------------------------------

/** The conversation as this browser has it. Every message stays in the diary until its answer came. */
class Talk {
  /** @param {{ server: string, place: string | null, lang: string, code: string | null, words: Words, changed: () => void }} setting */
  constructor({ server, place, lang, code, words, changed }) {
    this.server = server;
    this.code = code;
    this.words = words;
    this.changed = changed;
    this.about = { ...(place && { place }), lang };
    this.diary = new Diary(`nengbao:${server}:${place || ""}`);
    this.busy = false;
    this.tries = 0;
    this.trouble = "";
    if (!this.diary.entries.length && !code) this.diary.add({ action: "start" }, null);
    this.line = new Line(server, this);
  }

  async open() {
    WAKING.forEach((name) => addEventListener(name, this));
    if (this.code) await this.resume(this.code);
    this.line.open();
  }

  /** Take up the talk that a sheet of paper leads back to; the one of this browser goes on when there is none. @param {string} code */
  async resume(code) {
    const [status, answer] = await posted(new URL(`/api/v1/resume?lang=${this.about.lang}`, this.server).href, { code }).catch(() => [0, null]);
    this.code = null;
    if (status === 200) return this.diary.carry(answer.conversation);
    if (!this.diary.entries.length) this.diary.add({ action: "start" }, null);
    const say = (answer && answer.error && answer.error.say) || this.words.unreachable;
    this.diary.refuse(randomId(), say);
    this.changed();
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

// reading aloud and dictation ------------------------------------------------

/** A whole number as people say it: 28600 → 两万八千六百. @param {string} digits */
function spoken(digits) {
  /** @param {number} part below ten thousand, without a leading 零 */
  const four = (part) => {
    const said = String(part)
      .split("")
      .map((digit, place, all) => (digit === "0" ? "零" : "零一二三四五六七八九"[+digit] + ["", "十", "百", "千"][all.length - 1 - place]))
      .join("");
    return said.replace(/零+/g, "零").replace(/零$/, "");
  };
  const groups = [];
  for (let rest = Number(digits); rest > 0; rest = Math.floor(rest / 10_000)) groups.push(rest % 10_000);
  const said = groups.map((part, place) => (part ? (part < 1000 && place < groups.length - 1 ? "零" : "") + four(part) + ["", "万", "亿"][place] : ""));
  const words = said.reverse().join("") || "零";
  return words.replace(/^一十/, "十").replace(/(十?)二(?=[百千万亿])/g, (both, ten) => (ten ? both : "两"));
}

/** What a voice should say for a text: amounts in words, since many voices read 28,600 as two numbers. @param {string} text @param {Words} words */
function aloud(text, words) {
  if (words.html === "en") return text;
  const whole = text.replace(/(\d),(?=\d{3})/g, "$1");
  return whole
    .replace(/(\d+)(?:\.(\d)(\d?))? ?元/g, (_, yuan, jiao, fen) => `${spoken(yuan)}元${+jiao ? `${spoken(jiao)}角` : +fen ? "零" : ""}${+fen ? `${spoken(fen)}分` : ""}`)
    .replace(/(\d+)(?:\.(\d+))?%/g, (_, share, rest) => `百分之${spoken(share)}${rest ? `点${[...rest].map((digit) => "零一二三四五六七八九"[+digit]).join("")}` : ""}`);
}

/** The browser's own dictation, where it has one. */
const Dictation = /** @type {any} */ (window).SpeechRecognition || /** @type {any} */ (window).webkitSpeechRecognition;

// what is seen ------------------------------------------------

/**
 * An element with attributes and children, absent ones left out. Words only ever enter as text nodes.
 * @param {string} tag @param {Record<string, string>} attributes @param {(Node | string | false | 0 | null | undefined)[]} children
 */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(.../** @type {(Node | string)[]} */ (children.filter(Boolean)));
  return node;
}

/** @param {string} role @param {string} label @param {Record<string, string>} more */
const buttonFor = (role, label, more = {}) => el("button", { type: "button", "data-role": role, ...more }, label);

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} words */
function shape(tag, attributes, words = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.textContent = words;
  return node;
}

/** Words with 12393, the insurance hotline, made a link to dial; an amount of that size is left alone. @param {string} text */
const dialable = (text) =>
  text.split(/\b(12393|12356)\b(?!\.\d| ?元)/).map((part, odd) => (odd % 2 ? el("a", { href: `tel:${part}` }, part) : part));

/** The words of a reply, verbatim. On a card the first line, which says the amounts, stands out above the picture. @param {Reply} reply @param {boolean} card */
function saying({ text }, card) {
  const end = text.indexOf("\n");
  if (!card) return el("div", { class: "words" }, ...dialable(text));
  const first = el("span", { class: "first" }, end < 0 ? text : text.slice(0, end));
  const rest = end >= 0 && el("span", { class: "rest" }, ...dialable(text.slice(end + 1)));
  return el("div", { class: "words" }, first, rest && "\n", rest);
}

/** An amount in fen: whole numbers, which stay exact. @param {string} amount */
const fenOf = (amount) => Math.round(Number(amount.replace(".", "")));

/** @param {number} fen */
const yuanOf = (fen) => grouped(`${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, "0")}`);

/** 总共, 报销, 自己付 in one glance, each as firm as it is. @param {Estimate | undefined} estimate @param {Words} words */
function glanceNode(estimate, words) {
  const own = estimate && estimate.out_of_pocket;
  if (!estimate || !own) return null;
  const paid = fenOf(estimate.total) - fenOf(own.amount) - fenOf(estimate.hospital_borne || "0.00");
  const [firm, firmPaid] = estimate.status === "partial" ? [words.most, words.least] : [own.low === own.high ? "" : words.about, words.about];
  const cells = [
    [words.glance[0], "", grouped(estimate.total)],
    [words.glance[1], firmPaid, yuanOf(paid)],
    [words.glance[2], firm, grouped(own.amount)],
  ];
  return el(
    "dl",
    { class: "glance", part: "glance" },
    ...cells.map(([name, mark, number]) => el("div", {}, el("dt", {}, name), el("dd", {}, mark && el("small", {}, mark), " ", words.yuan(number)))),
  );
}

/** Layers in the order in which they pay, the hospital, the person: the pieces of every bar are numbered so. */
const TONES = ["0", "1", "2", "3", "hospital", "own"];

/** Who pays what, drawn here so that it is as large as the words: numbered bars, and a list that says the same. @param {Attachment} attachment @param {Words} words */
function chartNode({ text = "", bars = [] }, words) {
  const tones = Object.fromEntries(bars.flatMap(({ parts }) => parts.map(({ label, tone }) => [label, tone])));
  const labels = Object.keys(tones).sort((one, other) => TONES.indexOf(tones[one]) - TONES.indexOf(tones[other]));
  const widest = Math.max(...bars.map(({ total }) => fenOf(total)));
  const alone = bars.length === 1;
  const rows = bars.flatMap((bar) => [
    bar.label && el("p", {}, el("span", {}, bar.label), " ", el("b", {}, bar.own)),
    barNode(bar, widest, labels),
  ]);
  const amounts = Object.fromEntries(bars[0].parts.map(({ label, amount }) => [label, amount]));
  const items = labels.map((label, place) =>
    el(
      "li",
      {},
      el("span", { class: `badge t-${tones[label]}` }, String(place + 1)),
      el("span", { class: "label" }, label),
      alone && el("span", { class: "amount" }, words.yuan(grouped(amounts[label]))),
      alone && el("span", { class: "share" }, `${(Math.floor((fenOf(amounts[label]) * 2000 + widest) / (2 * widest)) / 10).toFixed(1)}%`),
    ),
  );
  return el("figure", { class: "chart", role: "group", "aria-label": text, part: "picture" }, ...rows, el("ul", {}, ...items));
}

/** @param {Bar} bar @param {number} widest in fen @param {string[]} labels */
function barNode({ parts }, widest, labels) {
  const svg = shape("svg", { "aria-hidden": "true", focusable: "false" });
  let left = 0;
  for (const { label, amount, tone } of parts) {
    const width = (fenOf(amount) * 100) / widest;
    svg.append(shape("rect", { x: `${left}%`, width: `${width}%`, height: "100%", class: `t-${tone}` }));
    if (width > 9) svg.append(shape("text", { x: `${left + width / 2}%`, y: "50%" }, String(labels.indexOf(label) + 1)));
    left += width;
  }
  return svg;
}

/** A picture without amounts beside it, as <img>, where an SVG can neither run scripts nor fetch anything. @param {Attachment} attachment */
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

/** One figure: what it is, how firm, where it stands in the rules, and a way to say that it is wrong. @param {Figure} figure @param {string} rules @param {Words} words */
function figureNode({ name = "", say = "", basis, mark }, rules, words) {
  const firm = ["stated", "derived", "confirmed"].includes(basis);
  const doubt = !firm && (mark || (basis === "about" ? words.marks.about : words.marks.other));
  const more = { "aria-label": `${words.clause} ${say}`, target: "_blank", rel: "noopener" };
  return el(
    "li",
    {},
    say,
    " ",
    doubt && el("span", { class: "mark" }, doubt),
    el("span", { class: "ways" }, el("a", { href: `${rules}#${name}`, ...more }, words.clause), wrongButton(name, say, words)),
  );
}

/** @param {string} name @param {string} say @param {Words} words */
const wrongButton = (name, say, words) => buttonFor("wrong", words.wrong, { "data-figure": name, "aria-label": `${words.wrong} ${say}` });

/** @param {Layer} layer @param {string} rules @param {Words} words */
function layerNode(layer, rules, words) {
  const { key, status, label, steps = [], figures = [] } = layer;
  const told = [...new Map(figures.filter(({ say }) => say).map((figure) => [figure.name, figure])).values()];
  return el(
    "details",
    { "data-layer": key, "data-status": status, part: "layer" },
    el("summary", {}, el("span", { class: "label" }, label), " ", el("span", { class: "amount" }, outcome(layer, words))),
    ...steps.map(({ say }) => el("p", {}, say)),
    told.length && el("ul", { "aria-label": words.figures }, ...told.map((figure) => figureNode(figure, rules, words))),
  );
}

/** The layers that play a part in an estimate. @param {Estimate | undefined} estimate @param {string} server @param {Words} words */
function layersNode(estimate, server, words) {
  const layers = ((estimate && estimate.layers) || []).filter(({ status }) => status !== "not_applicable");
  const rules = estimate ? `${server}/policies/${estimate.place}/${estimate.edition}` : "";
  const nodes = layers.map((layer) => layerNode(layer, rules, words));
  return nodes.length && el("div", { class: "layers" }, el("p", {}, words.layers), ...nodes);
}

/** The clauses that 为什么 speaks of, each a link to the page of the rules. @param {Attachment} attachment @param {string} server */
function clausesNode({ text = "", clauses = [] }, server) {
  const links = clauses.map(({ say, address }) => el("li", {}, el("a", { href: server + address, target: "_blank", rel: "noopener" }, say)));
  return links.length && el("div", { class: "clauses" }, el("p", {}, text), el("ul", {}, ...links));
}

/** @param {Choice[]} choices @param {Words} words */
function choicesNode(choices, words) {
  const buttons = choices.map(({ key, label }) => el("button", { type: "button", "data-key": key, part: "choice" }, label));
  return buttons.length && el("div", { class: "choices", role: "group", "aria-label": words.options }, ...buttons);
}

/** What can be done with an answer besides answering it. @param {Reply} reply @param {Words} words */
function toolsNode({ text, kind, estimate, attachments = [] }, words) {
  const own = attachments.find((each) => each.kind === "sheet"); // of a household, whatever the talk goes on to
  const paper = own || (estimate && estimate.out_of_pocket);
  const about = own ? { "data-case": JSON.stringify(own.case), "data-label": own.label || "" } : {};
  return el(
    "div",
    { class: "tools", part: "tools" },
    "speechSynthesis" in window && buttonFor("read", words.read, { "data-text": aloud(text, words) }),
    paper && buttonFor("sheet", words.sheet, { "data-form": "a4", ...about }),
    paper && buttonFor("sheet", words.slip, { "data-form": "slip", ...about }),
    kind === "estimate" && paper && wrongButton("out_of_pocket", words.glance[2], words),
  );
}

/** @param {Reply} reply @param {string} turn @param {string} server @param {Words} words */
function replyNode(reply, turn, server, words) {
  const { kind, estimate, attachments = [], choices = [] } = reply;
  const pictures = attachments.filter((each) => each.kind === "picture").map((each) => (each.bars ? chartNode(each, words) : picture(each)));
  const clauses = attachments.filter((each) => each.kind === "clauses").map((each) => clausesNode(each, server));
  const files = attachments.filter((each) => each.kind === "file").map((each) => buttonFor("file", each.text || "", { "data-address": each.address || "" }));
  const card = kind === "estimate" || pictures.length > 0;
  const where = estimate ? { "data-place": estimate.place || "", "data-edition": estimate.edition || "" } : {};
  return el(
    "article",
    { "data-who": "bot", "data-turn": turn, "data-kind": kind, "aria-label": words.bot, tabindex: "-1", part: "message bot", ...where },
    el("div", { class: card ? "bubble card" : "bubble" }, saying(reply, card), glanceNode(estimate, words), ...pictures, layersNode(estimate, server, words), ...clauses, ...files),
    toolsNode(reply, words),
    choicesNode(choices, words),
  );
}

/** @param {string} text @param {Words} words */
function mineNode(text, words) {
  const bubble = el("div", { class: "bubble" }, el("div", { class: "words" }, text));
  return el("article", { "data-who": "me", "data-turn": "", "aria-label": words.me, part: "message me" }, bubble);
}

/** A line of the widget's own: what went wrong, kindly, with the next tap. @param {string} say @param {boolean} again @param {Words} words */
function noteNode(say, again, words) {
  return el("div", { class: "note", "data-role": "note" }, el("span", {}, say), again && buttonFor("again", words.again));
}

/** Says that a figure is wrong: where it stands, without a window of its own. @param {string} figure @param {Words} words */
function wrongForm(figure, words) {
  const id = `wrong-${randomId()}`;
  const box = el("textarea", { id, maxlength: "500", rows: "2" });
  const send = el("button", { type: "submit" }, words.wrongSend);
  return el("form", { class: "wrong", "data-figure": figure }, el("label", { for: id }, words.wrongHow), box, el("div", {}, send, buttonFor("not", words.wrongNot)));
}

/** One message with what it brought; drawn again and again without rebuilding what stands. */
class Exchange {
  /** @param {Entry} entry @param {string} server @param {Words} words */
  constructor(entry, server, words) {
    this.words = words;
    this.server = server;
    this.node = el("section", { "data-message": entry.id });
    if (entry.words !== null) this.node.append(mineNode(entry.words, words));
    this.said = "";
  }

  /** @param {Entry} entry @param {string} hindrance why it waits, if it is its turn and it does */
  show(entry, hindrance) {
    const turn = String(entry.turn || "");
    this.node.toggleAttribute("data-waiting", isWaiting(entry));
    this.node.querySelectorAll("[data-who=me]").forEach((mine) => (entry.words === null ? mine.remove() : mine.setAttribute("data-turn", turn)));
    this.note(entry.error || hindrance, !entry.error);
    if (!entry.replies || this.node.querySelector("[data-who=bot]")) return;
    this.node.append(...entry.replies.map((reply) => replyNode(reply, turn, this.server, this.words)));
  }

  /** @param {string} say @param {boolean} again */
  note(say, again) {
    if (say === this.said) return;
    this.said = say;
    this.node.querySelectorAll("[data-role=note]").forEach((note) => note.remove());
    if (say) this.node.append(noteNode(say, again, this.words));
  }
}

const DARK = `
  --paper: #181512; --card: #26211d; --ink: #f3ece2; --soft: #c8bcad; --line: #433b33; --edge: #95897b;
  --accent: #8bd6bc; --on-accent: #0c2a20; --mine: #1d4538; --note: #3f2e17; --on-note: #f8dcae; color-scheme: dark;
`;
const CSS = `
:host {
  --paper: #f8f3eb; --card: #fffdfa; --ink: #29241f; --soft: #5a5046; --line: #dccfbd; --edge: #857868;
  --accent: #1b6250; --on-accent: #fff; --mine: #d9ebe0; --note: #fbe9d0; --on-note: #643c05; color-scheme: light;
  --text: max(18px, 1.125rem); --touch: 48px;
  display: flex; flex-direction: column; box-sizing: border-box; width: 100%; max-width: 44rem;
  height: min(44rem, 90vh); margin: 0 auto; overflow: hidden; border: 1px solid var(--line); border-radius: 14px;
  font: var(--text)/1.6 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", system-ui, sans-serif;
  color: var(--ink); background: var(--paper); text-align: start;
}
:host([view]) { --touch: 62px; max-width: 56rem; }
:host([view="elder"]) { --text: max(24px, 1.5rem); }
:host([view="largest"]) { --text: max(30px, 1.875rem); }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${DARK} } }
:host([theme="dark"]) { ${DARK} }
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
.frame { display: flex; flex-direction: column; flex: 1; min-height: 0; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
header { display: flex; align-items: center; gap: 8px; padding: 4px 8px 4px 16px; border-bottom: 1px solid var(--line); }
header b { flex: 1; min-width: 0; overflow-wrap: anywhere; line-height: 1.35; }
[role=log] { position: relative; flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 14px; }
section + section { margin-top: 14px; }
article + article, .note + article, article + .note { margin-top: 10px; }
article { display: flex; flex-direction: column; align-items: flex-start; }
[data-who=me] { align-items: flex-end; }
.bubble { max-width: 94%; padding: 9px 14px; border: 1px solid var(--line); border-radius: 4px 16px 16px; background: var(--card); }
[data-who=me] .bubble { max-width: 85%; border-color: transparent; border-radius: 16px 4px 16px 16px; background: var(--mine); }
[data-waiting] [data-who=me] .bubble { border: 1px dashed var(--edge); }
.words { white-space: pre-wrap; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: .15em; }
.card { display: flex; flex-direction: column; width: 100%; max-width: 100%; padding: 14px 16px 8px; }
.card .words { display: contents; }
.first { font-size: 1.25em; font-weight: 700; line-height: 1.45; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.rest { order: 3; margin-top: 10px; }
.glance { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 10em), 1fr)); gap: 8px; margin: 12px 0 2px; }
.glance div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 12px; min-width: 0; padding: 6px 12px; border: 1px solid var(--line); border-radius: 10px; background: var(--paper); }
.glance div:last-child { border: 2px solid var(--accent); }
dt { color: var(--soft); }
dd { margin: 0; font-weight: 700; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
small { font-size: .9em; font-weight: 400; }
.chart { width: 100%; margin: 12px 0 4px; }
.chart p { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 12px; margin: 10px 0 2px; }
.chart b { font-weight: 600; font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; height: 2.4em; overflow: visible; forced-color-adjust: none; }
rect { stroke: var(--ink); }
text { fill: #14110d; font-weight: 700; text-anchor: middle; dominant-baseline: central; }
.badge { flex: none; width: 1.6em; line-height: 1.6; text-align: center; font-weight: 700; color: #14110d; border: 1px solid var(--ink); border-radius: 6px; forced-color-adjust: none; }
.t-0 { fill: #329a80; background: #329a80; } .t-1 { fill: #58ab8c; background: #58ab8c; }
.t-2 { fill: #8ecbad; background: #8ecbad; } .t-3 { fill: #bfe3cf; background: #bfe3cf; }
.t-hospital { fill: #9a9fa8; background: #9a9fa8; } .t-own { fill: #e39a45; background: #e39a45; }
.chart ul { margin: 8px 0 0; padding: 0; font-size: 1em; color: var(--ink); }
.chart li { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 10px; padding: 3px 0; }
.share { min-width: 3.6em; text-align: end; color: var(--soft); font-variant-numeric: tabular-nums; }
img { display: block; width: 100%; max-width: 32rem; height: auto; margin: 10px auto 4px; border-radius: 8px; background: #fff; }
.layers { order: 2; margin: 14px -16px 0; }
.layers > p { margin: 0; padding: 0 16px 6px; color: var(--soft); }
details { border-top: 1px solid var(--line); }
summary { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 10px; min-height: var(--touch); padding: 8px 16px; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: ""; flex: none; width: 8px; height: 8px; border: solid var(--accent); border-width: 0 2.5px 2.5px 0; transform: rotate(-45deg); }
[open] > summary::before { transform: translateY(-2px) rotate(45deg); }
.label { flex: 1 1 5em; font-weight: 600; }
.amount { text-align: end; font-variant-numeric: tabular-nums; color: var(--soft); }
.chart .label { font-weight: 400; } .chart .amount { color: var(--ink); font-weight: 600; }
[data-status=paid] .amount { font-weight: 700; color: var(--accent); }
details > p, details > ul { margin: 0; padding: 0 16px 8px 34px; overflow-wrap: anywhere; }
details > :last-child:not(summary) { padding-bottom: 14px; }
ul { list-style: none; color: var(--soft); }
details li { padding: 4px 0; }
.mark { display: inline-block; padding: 0 8px; border-radius: 6px; background: var(--note); color: var(--on-note); border: 1px solid transparent; }
.ways { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; }
.clauses { margin-top: 10px; }
.clauses p, .clauses ul { margin: 0; padding: 0; }
.clauses a, .ways a { display: inline-flex; align-items: center; min-height: var(--touch); }
.note { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; padding: 8px 14px; border-radius: 12px; background: var(--note); color: var(--on-note); }
.wrong { display: flex; flex-direction: column; gap: 6px; width: 100%; padding: 8px 0; color: var(--ink); }
.wrong div { display: flex; flex-wrap: wrap; gap: 8px; }
textarea { width: 100%; padding: 8px 12px; font: inherit; color: inherit; background: var(--card); border: 1.5px solid var(--edge); border-radius: 12px; resize: vertical; }
.choices { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px; max-width: 100%; }
.tools { display: flex; flex-wrap: wrap; gap: 0 6px; max-width: 100%; }
button { min-height: var(--touch); min-width: var(--touch); padding: 6px 16px; font: inherit; line-height: 1.35; border: 1px solid var(--edge); border-radius: 12px; background: transparent; color: inherit; cursor: pointer; touch-action: manipulation; overflow-wrap: anywhere; }
.tools button, .ways button { padding: 4px 8px; border-color: transparent; color: var(--soft); text-decoration: underline; text-underline-offset: .2em; text-decoration-thickness: 1px; }
.choices button { text-align: start; color: var(--soft); }
[data-now] .choices button { border: 1.5px solid var(--accent); background: var(--card); color: var(--accent); font-weight: 600; }
.note button { border-color: currentColor; }
[role=status] { min-height: 1.8em; padding: 2px 16px 0; color: var(--soft); border-top: 1px solid var(--line); }
[role=status]:empty { min-height: 8px; }
.say { display: flex; flex-wrap: wrap; gap: 8px; padding: 0 12px 8px; }
input { flex: 1000 1 8em; min-width: 0; min-height: max(50px, var(--touch)); padding: 6px 14px; font: inherit; color: inherit; background: var(--card); border: 1.5px solid var(--edge); border-radius: 12px; }
input::placeholder { color: var(--soft); opacity: 1; }
.say button { flex: none; }
.say [data-role=send] { flex: 1 0 auto; min-height: max(50px, var(--touch)); border-color: transparent; background: var(--accent); color: var(--on-accent); font-weight: 700; }
.actions { display: flex; flex-wrap: wrap; gap: 2px; padding: 0 8px max(4px, env(safe-area-inset-bottom)); }
.actions button { flex: 1; padding: 4px; border-color: transparent; color: var(--soft); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[role=log]:focus-visible, article:focus-visible { outline-offset: -3px; }
@media (hover: hover) {
  [data-now] .choices button:hover { background: var(--mine); }
  summary:hover .label { text-decoration: underline; }
}
button:active { transform: scale(.98); }
@media (prefers-reduced-motion: no-preference) {
  summary::before, button { transition: transform .12s; }
}
@media (prefers-reduced-motion: reduce) { button:active { transform: none; } }
@media (forced-colors: active) {
  .mark, .note, [data-who=me] .bubble { border: 1px solid; }
  [data-now] .choices button, .say [data-role=send] { border: 2px solid; }
}
@media (max-height: 30rem) {
  :host { height: auto !important; min-height: 0 !important; } /* at 400 % there is no room for a window within the window */
  .frame, [role=log] { flex: none; overflow: visible; }
}
@media print {
  :host { height: auto; max-width: none; border: 0; color: #000; background: #fff; }
  [role=log] { overflow: visible; padding: 0; }
  header, [role=status], .say, .actions, .choices, .tools, .ways { display: none; }
  .bubble, .glance div { break-inside: avoid; background: #fff; color: #000; }
  .card { break-inside: auto; }
  svg, .badge { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
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
  const speak = Dictation && buttonFor("speak", words.speak, { title: words.speakNote, part: "speak" });
  return el(
    "div",
    { class: "frame", lang: words.html },
    el("header", {}, el("b", {}, words.title), buttonFor("view", words.views[0], { part: "view" })),
    el("div", { role: "log", "aria-label": words.log, "aria-live": "off", tabindex: "0", "data-role": "log", part: "log" }),
    el("div", { role: "status", "data-role": "status", part: "status" }),
    el("form", { class: "say" }, label, input, speak, el("button", { "data-role": "send", part: "send" }, words.send)),
    el("div", { class: "actions", part: "actions" }, ...actions),
  );
}

const VIEWS = ["", "elder", "largest"];
const VIEW_KEY = "nengbao:view";

/**
 * Attributes: place, lang (zh_CN, en), theme (light, dark), view (elder, largest), server, code (of a sheet of paper).
 * Events, which carry no words: nengbao:ready, nengbao:turn {turn, kinds}. Methods: say(text), press(key). See docs/embedding.md.
 */
class NengbaoChat extends HTMLElement {
  static get observedAttributes() {
    return ["place", "lang", "server"];
  }

  constructor() {
    super();
    this.root = this.attachShadow({ mode: "open" });
    /** @type {Talk | null} */
    this.talk = null;
    /** @type {Map<string, Exchange>} */
    this.exchanges = new Map();
    this.words = WORDS.zh_CN;
    this.server = "";
    this.drawn = 0;
    this.told = -1;
    this.used = false;
    dress(this.root);
    this.root.addEventListener("click", (event) => this.pressed(/** @type {MouseEvent} */ (event)));
    this.root.addEventListener("keydown", (event) => this.typed(/** @type {KeyboardEvent} */ (event)));
    this.root.addEventListener("submit", (event) => this.submitted(event));
    /** @param {MessageEvent} event */
    this.asked = (event) => this.framed(event);
    this.unfold = () => this.root.querySelectorAll("section:last-child details").forEach((each) => each.setAttribute("open", ""));
  }

  connectedCallback() {
    this.server = new URL(this.getAttribute("server") || SCRIPT || location.href, location.href).origin;
    const lang = (this.getAttribute("lang") || "zh_CN").replace("-", "_");
    this.words = wordsFor(lang);
    this.exchanges.clear();
    this.frame = furniture(this.words);
    this.root.append(this.frame);
    this.look(this.getAttribute("view") || stored(VIEW_KEY) || "");
    const [place, code] = [this.getAttribute("place"), this.getAttribute("code")];
    this.talk = new Talk({ server: this.server, place, lang, code, words: this.words, changed: () => this.draw() });
    this.draw();
    this.talk.open();
    addEventListener("message", this.asked);
    addEventListener("beforeprint", this.unfold);
    const log = this.piece("log");
    setTimeout(() => log.setAttribute("aria-live", "polite")); // old turns are not read out again
    this.tellPage("ready", {});
  }

  disconnectedCallback() {
    clearTimeout(this.telling);
    removeEventListener("message", this.asked);
    removeEventListener("beforeprint", this.unfold);
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

  /** Say something as if it had been typed. @param {string} text */
  say(text) {
    if (this.talk && text.trim()) this.talk.say({ text: text.trim() }, text.trim());
  }

  /** Press a button by its key. @param {string} key @param {string} [label] */
  press(key, label) {
    if (this.talk) this.talk.say({ choice: key }, label || key);
  }

  /** Events for the page, and for the page around when this one stands in a frame; no words of the talk leave with them. @param {string} name @param {object} detail */
  tellPage(name, detail) {
    this.dispatchEvent(new CustomEvent(`nengbao:${name}`, { bubbles: true, composed: true, detail }));
    if (parent !== window) parent.postMessage({ nengbao: name, ...detail }, "*");
  }

  /** What the page around asks for: {nengbao: "say", text} or {nengbao: "view", view}. @param {MessageEvent} event */
  framed({ source, data }) {
    if (parent === window || source !== parent || !data) return;
    if (data.nengbao === "say" && typeof data.text === "string") this.say(data.text);
    if (data.nengbao === "view") this.look(String(data.view));
  }

  /** @param {string} role @returns {HTMLElement} */
  piece(role) {
    return /** @type {HTMLElement} */ (this.root.querySelector(`[data-role=${role}]`));
  }

  /** Standard, elder (长辈版) or largest; the button says what comes next. @param {string} view */
  look(view) {
    const place = Math.max(0, VIEWS.indexOf(view));
    if (place) this.setAttribute("view", VIEWS[place]);
    else this.removeAttribute("view");
    this.piece("view").textContent = this.words.views[place];
  }

  draw() {
    if (!this.talk) return;
    const { diary, hindrance, state } = this.talk;
    const focused = this.root.activeElement;
    const nodes = diary.entries.map((entry) => this.exchange(entry, entry === diary.waiting ? hindrance : ""));
    const log = this.piece("log");
    [...log.children].filter((node) => !nodes.some((kept) => kept === node)).forEach((node) => node.remove());
    const ids = new Set(diary.entries.map((entry) => entry.id));
    [...this.exchanges.keys()].filter((id) => !ids.has(id)).forEach((id) => this.exchanges.delete(id));
    nodes.forEach((node, place) => log.children[place] !== node && log.insertBefore(node, log.children[place] || null));
    const open = diary.entries.filter((entry) => entry.replies).pop();
    nodes.forEach((node) => node.toggleAttribute("data-now", !!open && node.dataset.message === open.id));
    const news = this.follow(log);
    this.keepFocus(focused, log, news);
    this.tell(state);
    if (open && open.turn !== undefined && open.turn > this.told) {
      if (this.told >= 0 || this.used) this.tellPage("turn", { turn: open.turn, kinds: (open.replies || []).map(({ kind }) => kind) });
      this.told = open.turn;
    }
  }

  /** @param {Entry} entry @param {string} hindrance */
  exchange(entry, hindrance) {
    const exchange = this.exchanges.get(entry.id) || new Exchange(entry, this.server, this.words);
    this.exchanges.set(entry.id, exchange);
    exchange.show(entry, hindrance);
    return exchange.node;
  }

  /** When something is new: to the end, but never past the beginning of the newest exchange. @param {HTMLElement} log */
  follow(log) {
    const amount = log.querySelectorAll("article, .note").length;
    const last = /** @type {HTMLElement | null} */ (log.lastElementChild);
    const news = !!last && amount !== this.drawn;
    if (last && news && log.scrollHeight > log.clientHeight) log.scrollTop = Math.min(log.scrollHeight, last.offsetTop - 12);
    else if (last && news && this.used) last.scrollIntoView({ block: "start" }); // the page scrolls, not the log
    this.drawn = amount;
    return news;
  }

  /** After a choice the keyboard goes on at the answer; focus on something that went away is not lost. @param {Element | null} focused @param {HTMLElement} log @param {boolean} news */
  keepFocus(focused, log, news) {
    const gone = focused && !this.root.contains(focused);
    const pressed = news && focused instanceof HTMLElement && log.contains(focused) && focused.dataset.key;
    if (!gone && !pressed) return;
    const answer = /** @type {HTMLElement | null} */ (log.querySelector("section[data-now]:last-child [data-who=bot]"));
    if (answer || gone) (answer || log).focus({ preventScroll: true });
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
    const button = /** @type {HTMLButtonElement | null} */ (event.target instanceof Element && event.target.closest("button"));
    if (!button || !this.talk) return;
    this.used = true;
    const { key, action, role } = button.dataset;
    if (role === "again") this.talk.again();
    if (role === "view") this.nextView();
    if (role === "read") this.read(button);
    if (role === "speak") this.listen();
    if (role === "sheet") this.print(button);
    if (role === "file") this.fetchFile(button);
    if (role === "wrong") this.openWrong(button);
    if (role === "not") this.closeWrong(button);
    if (action) this.talk.say({ action }, button.innerText);
    if (key && event.detail < 2) this.talk.say({ choice: key }, button.innerText); // a trembling hand taps twice
  }

  nextView() {
    const view = VIEWS[(VIEWS.indexOf(this.getAttribute("view") || "") + 1) % VIEWS.length];
    keep(VIEW_KEY, view);
    this.look(view);
  }

  /** @param {HTMLButtonElement} button */
  read(button) {
    const reading = button.textContent === this.words.readStop;
    speechSynthesis.cancel();
    this.root.querySelectorAll("[data-role=read]").forEach((each) => (each.textContent = this.words.read));
    if (reading) return;
    const voice = new SpeechSynthesisUtterance(button.dataset.text);
    voice.lang = this.words.html;
    voice.rate = 0.9;
    voice.onend = voice.onerror = () => (button.textContent = this.words.read);
    button.textContent = this.words.readStop;
    speechSynthesis.speak(voice);
  }

  /** What is heard is written into the field, to be read over before it is sent. */
  listen() {
    const hearing = new Dictation();
    hearing.lang = this.words.html;
    hearing.onresult = (/** @type {any} */ event) => {
      const input = /** @type {HTMLInputElement} */ (this.piece("input"));
      input.value = event.results[0][0].transcript;
      input.focus();
      this.tell("");
    };
    hearing.onerror = hearing.onnomatch = () => this.tell(this.words.speakFailed);
    this.tell(`${this.words.speaking}${this.words.speakNote}`);
    try {
      hearing.start();
    } catch {
      // it listens already
    }
  }

  /** The sheet of paper as a file to print or to pass on; the browser's own print where the server cannot make one. @param {HTMLButtonElement} button */
  async print(button) {
    const { diary, about } = /** @type {Talk} */ (this.talk);
    const label = button.textContent;
    button.textContent = this.words.printing;
    const { form, case: own, label: called } = button.dataset;
    const body = { conversation: diary.conversation, form, ...(own && { case: JSON.parse(own), label: called }) };
    const [status, file] = await posted(new URL(`/api/v1/sheet?lang=${about.lang}`, this.server).href, body).catch(() => [0, null]);
    button.textContent = label;
    if (status === 200) save(/** @type {Blob} */ (file), "nengbao.pdf");
    else if (file && file.error && file.error.code === "print_missing") print();
    else this.tell((file && file.error && file.error.say) || this.words.unreachable);
  }

  /** What is kept of this talk, as a file. @param {HTMLButtonElement} button */
  async fetchFile(button) {
    const { diary } = /** @type {Talk} */ (this.talk);
    const address = new URL(button.dataset.address || "", this.server).href;
    const [status, answer] = await posted(address, { conversation: diary.conversation }).catch(() => [0, null]);
    if (status === 200) save(new Blob([JSON.stringify(answer, null, 1)], { type: "application/json" }), "nengbao.json");
    else this.tell((answer && answer.error && answer.error.say) || this.words.unreachable);
  }

  /** @param {HTMLButtonElement} button */
  openWrong(button) {
    const place = button.closest("li") || button.closest(".tools");
    if (!place || place.querySelector("form")) return;
    place.append(wrongForm(button.dataset.figure || "", this.words));
    /** @type {HTMLElement} */ (place.querySelector("textarea")).focus();
  }

  /** @param {Element} inside @param {string} [say] */
  closeWrong(inside, say) {
    const form = /** @type {HTMLElement} */ (inside.closest("form"));
    const opener = /** @type {HTMLElement | null} */ (form.parentElement && form.parentElement.querySelector("[data-role=wrong]"));
    if (say) form.replaceWith(el("span", { class: "note", role: "status" }, say));
    else form.remove();
    if (opener) opener.focus();
  }

  /** @param {HTMLElement} form */
  async report(form) {
    const answer = /** @type {HTMLElement} */ (form.closest("article")).dataset;
    const words = /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea")).value;
    const body = { place: answer.place, edition: answer.edition, figure: form.dataset.figure, words };
    const lang = /** @type {Talk} */ (this.talk).about.lang;
    const [status, said] = await posted(new URL(`/api/v1/report?lang=${lang}`, this.server).href, body).catch(() => [0, null]);
    if (status === 200) this.closeWrong(form, said.say);
    else this.tell((said && said.error && said.error.say) || this.words.unreachable); // what was written stays
  }

  /** Enter that only ends a pinyin composition is not for us (Safari reports it as key 229). @param {KeyboardEvent} event */
  typed(event) {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.preventDefault();
    const focused = this.root.activeElement;
    if (event.key === "F6") {
      event.preventDefault();
      this.piece(focused && this.piece("log").contains(focused) ? "input" : "log").focus();
    }
    if (event.key === "Escape" && focused && focused.closest(".wrong")) this.closeWrong(focused);
  }

  /** @param {Event} event */
  submitted(event) {
    event.preventDefault();
    this.used = true;
    const form = /** @type {HTMLElement} */ (event.target);
    if (form.matches(".wrong")) return void this.report(form);
    const input = /** @type {HTMLInputElement} */ (this.piece("input"));
    const text = input.value.trim();
    if (!text || !this.talk) return;
    input.value = "";
    this.talk.say({ text }, text);
  }
}

/** Hand a file to the person. @param {Blob} file @param {string} name */
function save(file, name) {
  const href = URL.createObjectURL(file);
  el("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** Put a chat beside the script tag that asks for one with data-place or data-mount. */
function mount() {
  const tag = TAG || /** @type {HTMLScriptElement | undefined} */ ([...document.scripts].find(({ src }) => /\/widget\.js(\?|$)/.test(src)));
  const asked = tag && ("place" in tag.dataset || "mount" in tag.dataset);
  if (!tag || !asked || document.querySelector("nengbao-chat")) return;
  const wishes = ["place", "lang", "theme", "view", "server"].filter((name) => tag.dataset[name]);
  const chat = el("nengbao-chat", Object.fromEntries(wishes.map((name) => [name, tag.dataset[name] || ""])));
  if (!document.head.contains(tag)) tag.after(chat);
  else if (document.body) document.body.append(chat);
  else addEventListener("DOMContentLoaded", () => document.body.append(chat));
}

if (!customElements.get("nengbao-chat")) {
  customElements.define("nengbao-chat", NengbaoChat);
  mount();
}
})();
