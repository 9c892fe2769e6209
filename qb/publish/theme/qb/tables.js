// Tables: sorted by a click on a header, filtered by words, folded where they are long, saved as CSV.
const phone = matchMedia("(max-width: 40rem)");
const FILTER_FROM = 11, SHOWN = phone.matches ? 12 : 30, SPARE = 6; // a fold that hides less than this saves nobody anything
const LONG = 75, FEW = 6; // rows of a table that shows fewer while it is folded
const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
const fold = (words) => words.normalize("NFKC").toLowerCase();

function numberIn(words) {
  const digits = words.normalize("NFKC").replace(/[,\s%]/g, "").replace("−", "-");
  return digits === "" ? NaN : Number(digits);
}

// What a cell holds: the words it shows, and the number behind them where it is one of a column of numbers.
function held(cell) {
  const words = text(cell);
  const number = cell.matches(".num") ? numberIn(cell.dataset.value ?? words) : NaN;
  return { words, number: Number.isFinite(number) ? number : undefined };
}

function sortKey(cell) {
  const shown = cell ? cell.dataset.value ?? text(cell) : "";
  const number = numberIn(shown);
  return Number.isFinite(number) ? number : shown;
}

// What has no number stands last in a column of numbers, whichever way it is sorted.
function compare(a, b, direction, numeric) {
  if (numeric && typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return direction * (typeof a === "number" && typeof b === "number" ? a - b : order.compare(a, b));
}

// How a reader left a table stays with the page's place in the history: the way back finds it so.
function remember(place, what) {
  const held = history.state ?? {};
  history.replaceState({ ...held, [place]: { ...held[place], ...what } }, "");
}

function sortable(head, rows, place) {
  const body = rows[0].parentNode;
  const sort = (column, direction) => {
    for (const other of head.cells) other.removeAttribute("aria-sort");
    if (direction) head.cells[column].setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    const keyed = rows.map((row) => [row, sortKey(row.cells[column])]);
    const numeric = keyed.some(([, key]) => typeof key === "number");
    if (direction) keyed.sort((a, b) => compare(a[1], b[1], direction, numeric));
    body.append(...keyed.map(([row]) => row));
    remember(place, { column, direction });
  };
  [...head.cells].forEach((th, column) => {
    const click = make("button", { type: "button", className: "sort" }, ...th.childNodes);
    th.append(click);
    click.addEventListener("click", () => sort(column, { ascending: -1, descending: 0 }[th.getAttribute("aria-sort")] ?? 1));
  });
  const { column, direction } = history.state?.[place] ?? {};
  if (direction && head.cells[column]) sort(column, direction);
}

// How many rows are shown, of how many: what a file is called by that holds them.
const extent = (shown, all) => (shown < all ? put(say.some_rows, shown, all) : put(say.every_row, all));

// A box for words, where rows fall short a box to see only those, and how many rows are shown.
function filters(name, rows, csv, narrowed) {
  const input = make("input", { type: "search" });
  const only = make("input", { type: "checkbox" });
  const failing = rows.filter((row) => row.classList.contains("fail")).length;
  const count = make("span", { textContent: put(say.rows, rows.length) });
  count.setAttribute("role", "status");
  input.setAttribute("aria-label", `${say.filter} ${name}`);
  const words = rows.map((row) => fold(text(row)));
  const apply = () => {
    const asked = fold(input.value).split(/\s+/);
    rows.forEach((row, i) => {
      row.hidden = !asked.every((word) => words[i].includes(word)) || (only.checked && !row.classList.contains("fail"));
    });
    const shown = rows.filter((row) => !row.hidden).length;
    narrowed(shown < rows.length);
    count.textContent = shown < rows.length ? put(say.rows_of, shown, rows.length) : put(say.rows, rows.length);
    label(csv, put(say.csv, extent(shown, rows.length)), name);
  };
  addEventListener("pageshow", apply); // the browser fills in again what was asked for before
  for (const control of [input, only]) control.addEventListener("input", apply);
  const box = make("label", {}, say.filter, input);
  const some = failing > 0 && failing < rows.length;
  return some ? [box, make("label", {}, only, put(say.only_failing, failing)), count] : [box, count];
}

// A text that a spreadsheet would take for a formula carries an apostrophe, as in every file of qb.
function csvCell(cell) {
  const { words, number } = held(cell);
  const safe = number === undefined && /^'*[=+\-@\t\r\n＝＋－＠]/.test(words) ? `'${words}` : words;
  return /[",\n]/.test(safe) && number === undefined ? `"${safe.replaceAll('"', '""')}"` : String(number ?? safe);
}

// What a filter hides is not saved; the file's name says how many rows of how many.
function saveCsv(table) {
  const rows = [...table.tBodies[0].rows], shown = rows.filter((row) => !row.hidden);
  const lines = [...table.tHead.rows, ...shown].map((row) => [...row.cells].map(csvCell).join(","));
  const part = extent(shown.length, rows.length);
  save(nameOf(table), "csv", ["\ufeff" + lines.join("\r\n") + "\r\n"], "text/csv", part);
}

// A long table shows its first rows until it is asked for all, filtered, or led into. On paper it is whole.
function foldable(table, box, rows, name, place) {
  if (rows.length < SHOWN + SPARE) return () => {};
  const first = rows.length > LONG ? FEW : SHOWN;
  table.classList.toggle("long", first === FEW);
  let whole = false, narrow = false;
  const more = button("", name, () => (show(!whole), remember(place, { whole })));
  const show = (all) => {
    whole = all;
    table.classList.toggle("folded", !whole && !narrow);
    label(more, whole ? put(say.fewer, first) : put(say.all_rows, rows.length), name);
    more.hidden = narrow;
  };
  const led = () => location.hash && table.querySelector(`[id="${CSS.escape(decodeURIComponent(location.hash.slice(1)))}"]`);
  const follow = () => {
    const row = led();
    if (row) show(true), row.scrollIntoView();
  };
  box.after(make("p", { className: "tools" }, more));
  addEventListener("hashchange", follow);
  show(Boolean(history.state?.[place]?.whole));
  follow();
  return (some) => ((narrow = some), show(whole));
}

const isPlain = (table) => table.tHead?.rows.length === 1 && table.tBodies.length === 1 && !table.querySelector("[rowspan], [colspan]");

function furnish(table, place) {
  const rows = [...(table.tBodies[0]?.rows ?? [])];
  if (!rows.length || !table.tHead) return;
  const name = nameOf(table);
  const plain = isPlain(table);
  if (plain && rows.length > 1) sortable(table.tHead.rows[0], rows, place);
  const csv = button(put(say.csv, extent(rows.length, rows.length)), name, () => saveCsv(table));
  const saves = make("span", { className: "saves" }, csv);
  const box = table.closest(".scroll") ?? table;
  const narrowed = plain ? foldable(table, box, rows, name, place) : () => {};
  const found = plain && rows.length >= FILTER_FROM ? filters(name, rows, csv, narrowed) : [];
  box.before(make("div", { className: "tools" }, ...found, saves));
}

const tables = [...document.querySelectorAll("table.data")];
tables.forEach(furnish);

// On a phone a table that does not fit becomes a list: each row's name, its verdict, then what else it says.
const WIDEST = 11; // columns; a row of more would be a page of its own
function stack(table) {
  const heads = [...table.tHead.rows[0].cells].map(text), rows = [...table.tBodies[0].rows];
  const judged = heads.map((_, k) => rows.some((row) => row.cells[k]?.querySelector(":scope > .verdict")));
  const one = judged.filter(Boolean).length === 1;
  for (const row of rows) [...row.cells].slice(1).forEach((cell, k) => {
    if (one && judged[k + 1]) cell.classList.add("said");
    else cell.dataset.label = heads[k + 1];
  });
  table.classList.add("stacked");
}

// What fits needs no box of its own, so that its header stays in sight; the keyboard reaches what scrolls sideways.
const watch = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const table = target.querySelector("table.data:not(.stacked)");
    if (phone.matches && table && isPlain(table) && table.tHead.rows[0].cells.length <= WIDEST && target.scrollWidth > target.clientWidth + 1) stack(table);
    const wide = target.scrollWidth > target.clientWidth + 1;
    target.classList.toggle("fits", !wide);
    if (wide) {
      target.tabIndex = 0;
      target.setAttribute("role", "region");
      target.setAttribute("aria-label", nameOf(target.querySelector("table") ?? target));
    } else for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
  }
});
document.querySelectorAll(".scroll, .plot").forEach((box) => watch.observe(box));
