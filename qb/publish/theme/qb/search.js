// Search over the site, offline: every page asks the index, which lists schools, indicators and departments; the
// index of all districts lists these and their schools.
const FOUND = 12;
const everywhere = document.getElementById("everywhere");

function places() {
  const links = [...document.querySelectorAll("main table a[href$='.html'], #listing a")];
  const schools = Object.entries(JSON.parse(everywhere?.textContent ?? "{}")).flatMap(([folder, { district, schools }]) =>
    schools.map(([file, name]) => ({ words: `${name} · ${district}`, href: `${folder}/schools/${file}.html` })));
  return [...links.map((link) => ({ words: text(link), href: link.href })), ...schools];
}

function answers(list, asked) {
  const words = fold(asked).split(/\s+/).filter(Boolean);
  const seen = new Set();
  const right = (place) => !seen.has(place.href) && words.every((word) => fold(place.words).includes(word));
  const found = (words.length ? places() : []).filter((place) => right(place) && seen.add(place.href)).slice(0, FOUND);
  list.replaceChildren(...found.map((place) => make("li", {}, make("a", { href: place.href, textContent: place.words }))));
  if (words.length && !found.length) list.append(make("li", { textContent: say.nothing }));
}

function search(index) {
  const here = Boolean(everywhere || document.getElementById("listing"));
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
if (indexes.length || everywhere) search(indexes.at(-1)?.getAttribute("href"));
