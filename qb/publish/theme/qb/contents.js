// The contents list: marks where the reader is; on a narrow window a bar that says so, folded until asked.
// Not scrollIntoView: it would take the page along.
function keepInSight(link, box) {
  const above = link.offsetTop < box.scrollTop, below = link.offsetTop + link.offsetHeight > box.scrollTop + box.clientHeight;
  if (above || below) box.scrollTop = link.offsetTop - box.clientHeight / 2;
}

function follow(details) {
  const links = [...details.querySelectorAll("a")];
  const heads = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
  const here = make("span", { className: "here" });
  details.querySelector("summary").append(here);
  let marked = -1;
  const mark = () => {
    const passed = heads.filter((head) => head?.getBoundingClientRect().top < 100).length;
    if (passed - 1 === marked) return;
    marked = passed - 1;
    links.forEach((link, i) => (i === marked ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    here.textContent = links[marked]?.textContent ?? "";
    if (details.open && links[marked]) keepInSight(links[marked], details.closest("nav"));
  };
  const narrow = matchMedia("(max-width: 66rem)");
  const settle = () => (details.open = !narrow.matches);
  narrow.addEventListener("change", settle);
  details.addEventListener("click", (event) => event.target.closest("a") && settle());
  addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });
  settle();
  mark();
}

document.querySelectorAll(".toc details").forEach(follow);

// Every heading has an address of its own to copy.
for (const head of document.querySelectorAll("main :is(h2, h3)[id]")) {
  const link = make("a", { className: "own", href: `#${head.id}` });
  link.setAttribute("aria-label", `${say.address} ${text(head)}`);
  head.append(link);
}

// A rule opens where a link leads to it, or at a click on its name; on paper all stand as an appendix.
function opened(head) {
  const open = head.classList.toggle("open");
  head.firstChild.setAttribute("aria-expanded", open);
}

for (const head of document.querySelectorAll(".rules h3")) {
  const name = make("button", { type: "button" }, head.firstChild);
  name.addEventListener("click", () => opened(head));
  name.setAttribute("aria-expanded", false);
  head.prepend(name);
  head.parentNode.classList.add("folds");
}

function openRule() {
  const head = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!head?.matches(".folds h3:not(.open)")) return;
  opened(head);
  head.scrollIntoView();
}

addEventListener("hashchange", openRule);
openRule();
