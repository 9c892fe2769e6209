// Search over the site, offline: every page asks the index, which lists schools, indicators and departments.
const FOUND = 12;

function answers(list, asked) {
  const words = fold(asked).split(/\s+/).filter(Boolean);
  const seen = new Set();
  const right = (link) => !seen.has(link.href) && words.every((word) => fold(text(link)).includes(word));
  const links = words.length ? [...document.querySelectorAll("main table a[href$='.html'], #listing a")] : [];
  const found = links.filter((link) => right(link) && seen.add(link.href)).slice(0, FOUND);
  list.replaceChildren(...found.map((link) => make("li", {}, make("a", { href: link.href, textContent: text(link) }))));
  if (words.length && !found.length) list.append(make("li", { textContent: say.nothing }));
}

function search(index) {
  const here = Boolean(document.getElementById("listing"));
  const input = make("input", { type: "search", placeholder: say.search });
  const list = make("ul", { className: "answers" });
  input.setAttribute("aria-label", say.search);
  list.setAttribute("aria-live", "polite");
  const form = make("form", { className: "search" }, input, list);
  form.setAttribute("role", "search");
  const ask = () => {
    input.value = decodeURIComponent(location.hash.match(/^#q=(.*)/)?.[1] ?? input.value);
    answers(list, input.value);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const first = list.querySelector("a");
    if (!here) location.href = `${index}#q=${encodeURIComponent(input.value)}`;
    else if (first) location.href = first.href;
  });
  if (here) {
    input.addEventListener("input", () => answers(list, input.value));
    addEventListener("hashchange", ask);
    ask();
  }
  document.querySelector("header.site").append(form);
}

const indexes = [...document.querySelectorAll("header.site nav a[href$='index.html']")];
if (indexes.length) search(indexes.at(-1).getAttribute("href"));
