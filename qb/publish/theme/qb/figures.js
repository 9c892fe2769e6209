// Figures: saved as a picture with their finding, measure and source, in the colours of paper.
const WIDTH = 720, EDGE = 24, SHARP = 3;

// Words broken into lines that fit; Chinese may break anywhere, other words stay whole.
function lines(words, size, bold) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${bold ? 700 : 400} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return (words.match(/[!-~]+\s*|[^!-~]/gu) ?? []).reduce((done, word) => {
    if (done.length && pen.measureText(done.at(-1) + word.trim()).width <= WIDTH) done[done.length - 1] += word;
    else done.push(word);
    return done;
  }, []);
}

const escaped = (words) => words.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);

function picture(figure) {
  const drawn = figure.querySelector("svg").cloneNode(true);
  for (const link of drawn.querySelectorAll("a")) link.replaceWith(...link.childNodes); // of the site alone
  const height = (WIDTH * drawn.viewBox.baseVal.height) / drawn.viewBox.baseVal.width;
  let y = EDGE, caption = "";
  const write = (selector, size, leading, attributes) => {
    const found = figure.querySelector(selector);
    for (const line of found ? lines(text(found), size, attributes.includes("bold")) : [])
      caption += `<text x="${EDGE}" y="${(y += leading)}" font-size="${size}" ${attributes}>${escaped(line)}</text>`;
  };
  write(".finding", 18, 25, 'font-weight="bold"');
  write(".measure", 14, 21, 'fill="#4b5563"');
  const top = (y += 12);
  y += height;
  write(".source", 12, 18, 'fill="#4b5563"');
  for (const [name, value] of Object.entries({ x: EDGE, y: top, width: WIDTH, height })) drawn.setAttribute(name, value);
  const font = escaped(getComputedStyle(document.body).fontFamily);
  const size = { width: WIDTH + 2 * EDGE, height: Math.ceil(y + EDGE) };
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" color="#111827" fill="currentColor" font-family="${font}">` +
    `<rect width="100%" height="100%" fill="#fff"/>${caption}${new XMLSerializer().serializeToString(drawn)}</svg>`;
  return { svg: svg.replace(/var\([\w-]+,\s*([^)]+)\)/g, "$1").replaceAll("Canvas", "#fff"), ...size };
}

function saveSvg(figure) {
  save(nameOf(figure), "svg", [picture(figure).svg], "image/svg+xml");
}

async function savePng(figure) {
  const { svg, width, height } = picture(figure);
  const image = make("img", { src: "data:image/svg+xml," + encodeURIComponent(svg) });
  await image.decode();
  const canvas = make("canvas", { width: width * SHARP, height: height * SHARP });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => save(nameOf(figure), "png", [blob], "image/png"));
}

for (const figure of document.querySelectorAll("figure.chart:has(svg)")) {
  let saves = figure.querySelector(".numbers .saves");
  if (!saves) figure.append(make("div", { className: "tools" }, (saves = make("span", { className: "saves" }))));
  const name = nameOf(figure);
  saves.append(button(say.png, name, () => savePng(figure)), button(say.svg, name, () => saveSvg(figure)));
}
