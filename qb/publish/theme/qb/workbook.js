// All tables of the page as one workbook: a zip of a few small files of XML, nothing compressed.
const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
const crc32 = (bytes) => ~bytes.reduce((crc, byte) => CRC[(crc ^ byte) & 255] ^ (crc >>> 8), -1) >>> 0;

// Numbers of so many bytes each, lowest byte first, as a zip has them.
const packed = (...pairs) => pairs.flatMap(([number, size]) => Array.from({ length: size }, (_, i) => (number >>> (8 * i)) & 255));

function zip(files) {
  const encoder = new TextEncoder();
  const parts = [], directory = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const path = encoder.encode(name), bytes = encoder.encode(content);
    const day = 33; // 1 January 1980: the same tables give the same file
    const facts = packed([20, 2], [0, 2], [0, 2], [0, 2], [day, 2], [crc32(bytes), 4], [bytes.length, 4], [bytes.length, 4], [path.length, 2], [0, 2]);
    directory.push(new Uint8Array(packed([0x02014b50, 4], [20, 2])), new Uint8Array(facts), new Uint8Array(packed([0, 2], [0, 2], [0, 2], [0, 4], [at, 4])), path);
    parts.push(new Uint8Array(packed([0x04034b50, 4])), new Uint8Array(facts), path, bytes);
    at += 4 + facts.length + path.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0), count = Object.keys(files).length;
  return [...parts, ...directory, new Uint8Array(packed([0x06054b50, 4], [0, 4], [count, 2], [count, 2], [size, 4], [at, 4], [0, 2]))];
}

const XML = '<\u003fxml version="1.0" encoding="UTF-8" standalone="yes"?>\n'; // a page itself has no prolog
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const MOST_DECIMALS = 6;
const xml = (words) =>
  words.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "").replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);

// Style 0: text; 1: header; 2 and on: numbers by their decimals, with thousands set apart; then the same without.
function styles() {
  const zeros = Array.from({ length: MOST_DECIMALS + 1 }, (_, d) => (d ? "0." + "0".repeat(d) : "0"));
  const formats = [...zeros.map((z) => "#,##" + z), ...zeros];
  return `${XML}<styleSheet xmlns="${MAIN}"><numFmts count="${formats.length}">${formats
    .map((code, i) => `<numFmt numFmtId="${164 + i}" formatCode="${code}"/>`)
    .join("")}</numFmts><fonts count="2"><font><sz val="11"/></font><font><b/><sz val="11"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="2"><border/><border><left/><right/><top/><bottom style="thin"/></border></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="${formats.length + 2}"><xf applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf><xf fontId="1" applyFont="1" borderId="1" applyBorder="1" applyAlignment="1"><alignment vertical="bottom" wrapText="1"/></xf>${formats
    .map((_, i) => `<xf numFmtId="${164 + i}" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top"/></xf>`)
    .join("")}</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;
}

function numberStyle(words, number) {
  const decimals = Math.min((/\.(\d+)/.exec(words)?.[1] ?? "").length, MOST_DECIMALS);
  const together = Math.abs(number) >= 1000 && !words.includes(",") ? MOST_DECIMALS + 1 : 0; // a year
  return 2 + decimals + together;
}

const wide = (words) => [...words].reduce((sum, c) => sum + (c > "\u2e7f" ? 2 : 1), 0);

// Rows of { words, number }; the first `heads` of them are headers and stay in sight.
function sheet(rows, heads) {
  const cell = ({ words, number }, head) =>
    number === undefined
      ? `<c t="inlineStr" s="${head ? 1 : 0}"><is><t xml:space="preserve">${xml(words)}</t></is></c>`
      : `<c s="${numberStyle(words, number)}"><v>${number}</v></c>`;
  const widths = rows.reduce((most, row) => row.map((one, i) => Math.max(most[i] ?? 0, wide(one.words))).concat(most.slice(row.length)), []);
  const columns = widths.map((w, i) => `<col min="${i + 1}" max="${i + 1}" width="${Math.min(Math.max(w + 2, 8), 60)}" customWidth="1"/>`);
  const frozen = heads ? `<sheetViews><sheetView workbookViewId="0"><pane xSplit="1" ySplit="${heads}" topLeftCell="B${heads + 1}" activePane="bottomRight" state="frozen"/></sheetView></sheetViews>` : "";
  return `${XML}<worksheet xmlns="${MAIN}">${frozen}<cols>${columns.join("")}</cols><sheetData>${rows
    .map((row, i) => `<row>${row.map((one) => cell(one, i < heads)).join("")}</row>`)
    .join("")}</sheetData></worksheet>`;
}

// Excel takes at most 31 characters, none of these; the number before them makes each name the only one.
const sheetName = (name, number) => `${number} ${name.replace(/[\[\]:*?\/\\'\x00-\x1f]/g, " ")}`.slice(0, 31).toWellFormed().trim();

function workbook(sheets) {
  const each = (write) => sheets.map((_, i) => write(i + 1)).join("");
  const files = {
    "[Content_Types].xml": `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>${each((n) => `<Override PartName="/xl/worksheets/sheet${n}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`)}</Types>`,
    "_rels/.rels": `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="r1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml": `${XML}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${sheets.map(({ name }, i) => `<sheet name="${xml(name)}" sheetId="${i + 1}" r:id="r${i + 1}"/>`).join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `${XML}<Relationships xmlns="${PACKAGE}/relationships">${each((n) => `<Relationship Id="r${n}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${n}.xml"/>`)}<Relationship Id="styles" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`,
    "xl/styles.xml": styles(),
  };
  sheets.forEach(({ rows, heads }, i) => (files[`xl/worksheets/sheet${i + 1}.xml`] = sheet(rows, heads)));
  return zip(files);
}

// The first sheet says what the page says of itself, and where each table is.
function about(sheets) {
  const lines = [[text(document.querySelector("h1"))], [text(document.querySelector(".place"))]];
  for (const aside of document.querySelectorAll(".invented")) lines.push([text(aside)]);
  for (const row of document.querySelectorAll("footer dl > div")) lines.push([...row.children].map(text));
  lines.push([], ...sheets.map(({ name, title }) => [name, title]));
  return { name: say.about, rows: lines.map((line) => line.map((words) => ({ words }))), heads: 0 };
}

function saveWorkbook() {
  const sheets = tables.map((table, i) => {
    const title = nameOf(table);
    const rows = [...table.rows].map((row) => [...row.cells].map(held));
    return { name: sheetName(title, i + 1), title, rows, heads: table.tHead?.rows.length ?? 0 };
  });
  const type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  save(document.title, "xlsx", workbook([about(sheets), ...sheets]), type);
}

if (tables.length) {
  const place = document.querySelector(".toc details") ?? document.querySelector("footer");
  place.append(make("p", { className: "workbook" }, button(put(say.workbook, tables.length), "", saveWorkbook)));
}
