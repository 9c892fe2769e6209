// Comfort only: every page is complete without this. No request, no storage, no other script.
(() => {
  "use strict";
  const root = document.documentElement;
  const say = root.lang.startsWith("zh")
    ? { filter: "筛选", csv: "下载 CSV", shown: (n, m) => (n < m ? `显示 ${n} / ${m} 行` : `共 ${m} 行`), table: "表格，可左右滚动" }
    : { filter: "Filter", csv: "Download CSV", shown: (n, m) => (n < m ? `${n} of ${m} rows` : `${m} rows`), table: "Table, scrolls sideways" };
  const FILTER_FROM = 16;
  const order = new Intl.Collator(root.lang, { numeric: true });
  const text = (cell) => cell.textContent.replace(/\s+/g, " ").trim();
  const fold = (words) => words.normalize("NFKC").toLowerCase();

  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  // A cell's place in the order: data-value where given, else its number, else its words.
  function key(cell) {
    const shown = cell ? cell.dataset.value ?? text(cell) : "";
    const number = shown.normalize("NFKC").replace(/[,\s%]/g, "").replace("−", "-");
    return number !== "" && Number.isFinite(Number(number)) ? Number(number) : shown;
  }

  // What has no number stands last in a column of numbers, whichever way it is sorted.
  function compare(a, b, direction, numeric) {
    if (numeric && typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return direction * (typeof a === "number" && typeof b === "number" ? a - b : order.compare(a, b));
  }

  function sortable(table, head, rows) {
    const body = rows[0].parentNode;
    [...head.cells].forEach((th, column) => {
      const button = make("button", { type: "button", className: "sort" });
      button.append(...th.childNodes);
      th.append(button);
      button.addEventListener("click", () => {
        const direction = { ascending: -1, descending: 0 }[th.getAttribute("aria-sort")] ?? 1;
        for (const other of head.cells) other.removeAttribute("aria-sort");
        if (direction) th.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
        const keyed = rows.map((row) => [row, key(row.cells[column])]);
        const numeric = keyed.some(([, k]) => typeof k === "number");
        if (direction) keyed.sort((a, b) => compare(a[1], b[1], direction, numeric));
        body.append(...keyed.map(([row]) => row));
      });
    });
  }

  function tools(table, rows) {
    const bar = make("div", { className: "tools" });
    if (rows.length >= FILTER_FROM) {
      const label = make("label", { textContent: say.filter + " " });
      const input = make("input", { type: "search" });
      const count = make("span", { textContent: say.shown(rows.length, rows.length) });
      count.setAttribute("role", "status");
      label.append(input);
      input.addEventListener("input", () => {
        const words = fold(input.value).split(/\s+/);
        for (const row of rows) row.hidden = !words.every((word) => fold(text(row)).includes(word));
        count.textContent = say.shown(rows.filter((row) => !row.hidden).length, rows.length);
      });
      bar.append(label, count);
    }
    const save = make("button", { type: "button", textContent: say.csv });
    save.addEventListener("click", () => download(table));
    bar.append(save);
    (table.closest(".scroll") ?? table).before(bar);
  }

  // A text that a spreadsheet would take for a formula is marked as text.
  function csvCell(cell) {
    const shown = text(cell);
    const safe = /^[=+@-]/.test(shown) && !Number.isFinite(Number(shown.replace(/[,%]/g, ""))) ? "'" + shown : shown;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  function download(table) {
    const lines = [...table.rows].map((row) => [...row.cells].map(csvCell).join(","));
    const blob = new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" });
    const title = text(table.caption ?? document.querySelector("h1")).slice(0, 60).replace(/[\\/:*?"<>|]/g, "_");
    const link = make("a", { href: URL.createObjectURL(blob), download: title + ".csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  for (const table of document.querySelectorAll("table.data")) {
    const rows = [...(table.tBodies[0]?.rows ?? [])];
    if (!rows.length || !table.tHead) continue;
    const plain = table.tHead.rows.length === 1 && table.tBodies.length === 1 && !table.querySelector("tbody [rowspan], [colspan]");
    if (plain && rows.length > 1) sortable(table, table.tHead.rows[0], rows);
    tools(table, rows);
  }

  // The keyboard reaches what scrolls sideways.
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth + 1) {
        const caption = target.querySelector("caption") ?? target.parentNode.querySelector("figcaption");
        target.tabIndex = 0;
        target.setAttribute("role", "region");
        target.setAttribute("aria-label", caption ? text(caption) : say.table);
      } else for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
    }
  });
  document.querySelectorAll(".scroll, .plot").forEach((box) => watch.observe(box));

  // The contents list: folded on a narrow window, following the reader on a wide one.
  const list = document.querySelector(".toc details");
  if (!list) return;
  if (matchMedia("(max-width: 66rem)").matches) list.open = false;
  const links = [...list.querySelectorAll("a")];
  const heads = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
  const follow = () => {
    const passed = heads.filter((head) => head && head.getBoundingClientRect().top < innerHeight * 0.3).length;
    links.forEach((link, i) => (i === passed - 1 ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
  };
  addEventListener("scroll", () => requestAnimationFrame(follow), { passive: true });
  follow();
})();
