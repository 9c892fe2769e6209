// What the other scripts of a page share. All of them are comfort only: every page is complete without.
// No request, no storage.
const say = JSON.parse(document.getElementById("words").textContent);
const text = (element) => element.textContent.replace(/\s+/g, " ").trim();
const put = (words, ...values) => values.reduce((filled, value) => filled.replace("{}", value), words);
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

// What a table or figure is called: its finding, else its caption, else the page's title.
function nameOf(element) {
  const named = element.closest("figure")?.querySelector(".finding") ?? element.caption ?? document.querySelector("h1");
  return text(named);
}

// A button that says, to those who only hear it, what it is about.
function button(words, about, act) {
  const made = make("button", { type: "button" });
  label(made, words, about);
  made.addEventListener("click", act);
  return made;
}

function label(made, words, about) {
  made.textContent = words;
  made.setAttribute("aria-label", about ? `${words} ${about}` : words);
}

// A file's name begins with the place that the page is about, and ends with which part of it all the file holds.
function save(name, ending, parts, type, part = "") {
  const place = document.querySelector(".place")?.textContent.split(" · ")[0] ?? "";
  const file = (name.includes(place) ? name : `${place} ${name}`).replace(/[\\/:*?"<>|\s]+/g, " ").trim().slice(0, 80);
  const link = make("a", { href: URL.createObjectURL(new Blob(parts, { type })), download: `${`${file} ${part}`.trim()}.${ending}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
