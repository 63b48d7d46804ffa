/* What is typed is worked out while it is typed: a household, or each row of a list that is pasted; and the keys that lead from row to row.
   The pages work without any of it. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-try]");
  const live = form && form.querySelector(".live");
  if (!live) return;
  const PAUSE = 300;
  const MOST_PASTED = 60000;

  const made = (name, words, more) => Object.assign(document.createElement(name), { textContent: words }, more);
  const show = (lines) => live.replaceChildren(...lines.map((line) => made("p", line)));

  /* An answer is for what stood in the fields when it was asked for: as soon as that changes it goes away, also when it is still to come. */
  const follow = ({ isReady, body, tell, clear }) => {
    let timer = 0;
    let asked = null;

    const forget = () => {
      clearTimeout(timer);
      if (asked) asked.abort();
      asked = null;
      show([]);
      clear();
    };

    const ask = async () => {
      const mine = (asked = new AbortController());
      try {
        const answer = await fetch(form.dataset.try, { method: "POST", body: body(), signal: mine.signal });
        const told = await answer.json();
        if (mine === asked) told.error ? show([told.error.say]) : tell(told);
      } catch (error) {
        if (mine === asked) show([form.dataset.sorry]);
      }
    };

    form.addEventListener("input", () => {
      forget();
      if (isReady()) timer = setTimeout(ask, PAUSE);
    });
    return forget;
  };

  const household = () => {
    const fields = [...form.querySelectorAll(".fields input, .fields select")];
    const needed = fields.filter((field) => field.required);
    const own = [...form.querySelectorAll("[data-wrong]")];

    const mark = (wrong) => {
      for (const place of own) {
        const words = wrong[place.dataset.wrong] || "";
        place.textContent = words;
        form.elements[place.dataset.wrong].toggleAttribute("aria-invalid", Boolean(words));
      }
    };

    const forget = follow({
      isReady: () => needed.every((field) => field.value),
      body: () => new URLSearchParams(new FormData(form)),
      tell: ({ wrong, lines }) => {
        mark(wrong);
        show(wrong[""] ? [wrong[""]] : lines);
      },
      clear: () => {},
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
  };

  const list = (pasted) => {
    const table = document.querySelector(".tried");
    const heads = [...table.tHead.rows[0].cells];

    /* The row in what was pasted, to be set right. */
    const lead = (number) => {
      const lines = pasted.value.split("\n");
      const start = lines.slice(0, number - 1).join("\n").length + (number > 1 ? 1 : 0);
      pasted.focus();
      pasted.setSelectionRange(start, start + (lines[number - 1] || "").length);
    };

    const row = (told) => {
      const line = made("tr", "", { role: "row" });
      const number = made("td", "", { role: "cell" });
      number.append(made("button", told.row, { type: "button", onclick: () => lead(told.row) }));
      const cells = [number, ...told.cells.map((words) => made("td", words, { role: "cell" }))];
      for (const [at, cell] of cells.entries()) {
        cell.dataset.head = heads[at].textContent;
        cell.className = at === cells.length - 1 ? "warn" : heads[at].className;
      }
      line.append(...cells);
      return line;
    };

    const put = (rows) => {
      table.tBodies[0].replaceChildren(...rows.map(row));
      table.parentElement.hidden = !rows.length;
    };

    follow({
      isReady: () => pasted.value.trim().includes("\n") && pasted.value.length < MOST_PASTED,
      body: () => {
        const sent = new FormData(form);
        sent.delete("file");
        return sent;
      },
      tell: ({ lines, rows }) => {
        show(lines);
        put(rows);
      },
      clear: () => put([]),
    });
  };

  if (form.elements.pasted) list(form.elements.pasted);
  else household();
})();
