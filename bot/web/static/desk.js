/* What a household comes to, told while it is typed; and the keys that lead from row to row. The page works without any of it. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-try]");
  const live = form && form.querySelector(".live");
  if (!live) return;
  const fields = [...form.querySelectorAll(".fields input, .fields select")];
  const needed = fields.filter((field) => field.required);
  const own = [...form.querySelectorAll("[data-wrong]")];
  const PAUSE = 300;
  let timer = 0;
  let asked = null;

  const show = (lines) => live.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));

  const mark = (wrong) => {
    for (const place of own) {
      const words = wrong[place.dataset.wrong] || "";
      place.textContent = words;
      form.elements[place.dataset.wrong].toggleAttribute("aria-invalid", Boolean(words));
    }
  };

  /* An answer is for what stood in the fields when it was asked for: as soon as that changes it goes away, also when it is still to come. */
  const forget = () => {
    clearTimeout(timer);
    if (asked) asked.abort();
    asked = null;
    show([]);
  };

  const ask = async () => {
    const mine = (asked = new AbortController());
    try {
      const answer = await fetch(form.dataset.try, { method: "POST", body: new URLSearchParams(new FormData(form)), signal: mine.signal });
      const told = await answer.json();
      if (mine !== asked) return;
      if (told.error) return show([told.error.say]);
      mark(told.wrong);
      show(told.wrong[""] ? [told.wrong[""]] : told.lines);
    } catch (error) {
      if (mine === asked) show([form.dataset.sorry]);
    }
  };

  form.addEventListener("input", () => {
    forget();
    if (needed.every((field) => field.value)) timer = setTimeout(ask, PAUSE);
  });

  /* Esc empties the fields of the household, or brings back what is kept of it; up and down lead over the households to the form and back. */
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    forget();
    mark({});
    form.reset();
    if ("new" in form.dataset) for (const name of ["label", "category", "total", "self_funded"]) form.elements[name].value = "";
    fields[0].focus();
  });

  const stops = [...document.querySelectorAll("[data-row]"), fields[0]];
  document.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const next = step && stops[stops.indexOf(document.activeElement) + step];
    if (!next || !stops.includes(document.activeElement)) return;
    event.preventDefault();
    next.focus();
  });
})();
