// Changes tried out on the page. Figures, limits and rules are data of the page; here is only the arithmetic.
{ // a scope of its own: names of the other scripts stay theirs
const home = document.querySelector("template[data-whatif]");
const it = JSON.parse(home.dataset.whatif);
const told = it.say, NAMES = Object.keys(it.stages), FULL = it.columns.indexOf("full_time_teachers");
const PASS = "pass", FAIL = "fail", OPEN = "no data", NONE = "not applicable";
const sites = it.sites.map(([row, id, name, section, own, group, stuck]) => ({ row, id, name, section, own, group, stuck, stage: it.rows[row][0] }));
const known = (value) => value !== null && !Number.isNaN(value);
const number = (value) => value ?? NaN;
const total = (list) => list.reduce((sum, value) => sum + value, 0);

function rounded(value, decimals) {
  const scaled = Math.abs(value) * 10 ** decimals;
  return (Math.sign(value) * Math.floor(Math.round(scaled * (1 + 2 ** -51) * 1e9) / 1e9 + 0.5)) / 10 ** decimals;
}

// Whether a figure keeps a limit; what is not known never does. Sides: >=, <=, <, >.
function keeps(figure, limit, side, decimals) {
  const value = it.rounded && Number.isFinite(figure) ? rounded(figure, decimals) : figure, near = it.tolerance;
  return [value >= limit - near, value <= limit + near, value < limit - near, value > limit + near][side];
}

const between = (one, other) => (one && other ? PASS : one || other ? OPEN : FAIL);

// The share of its site's whole that falls to a section, by weighted pupils; NaN where pupils are not reported.
function shareOf(state, group, at) {
  const [, parts, others] = it.groups[group], mine = parts.find(([site]) => site === at);
  if (!mine) return 0;
  if (parts.length === 1 && others === 0) return mine[1] ? 1 : NaN;
  const weighted = ([site, weight]) => (weight ? weight * state.section[site][0] : NaN);
  return weighted(mine) / (total(parts.map(weighted)) + number(others));
}

// The least and the most that a row can hold of a column: of sections (table 0) or of facilities (1).
function held(state, mine, table, column) {
  if (!table) {
    const values = mine.map((at) => state.section[at][column]);
    if (values.every(known)) return [total(values), total(values)];
    const least = total(values.filter(known)), part = it.part[column];
    const most = part < 0 ? Infinity : held(state, mine, 0, part);
    const high = part < 0 || most[0] !== most[1] ? Infinity : most[0];
    return least <= high ? [least, high] : [0, Infinity];
  }
  let low = 0, high = 0;
  for (const at of mine) {
    const own = state.own[at][column], group = sites[at].group, whole = group < 0 ? NaN : state.whole[group][column];
    if (!known(own) && !known(whole)) (high = Infinity);
    else {
      const base = known(own) ? own : 0, share = whole ? whole * shareOf(state, group, at) : 0;
      const open = known(whole) && Number.isNaN(share);
      low += open || !known(share) ? base : base + share;
      high += open ? base + whole : base + (known(share) ? share : 0);
    }
  }
  return [low, high];
}

function judgeRow(state, row) {
  const [stage, least, point] = it.rows[row], mine = sites.flatMap((site, at) => (site.row === row ? [at] : []));
  const pupils = held(state, mine, 0, 0), counted = pupils[0] === pupils[1];
  const perhaps = point && !counted && pupils[0] < least;
  const made = { stage, out: counted && (!pupils[0] || pupils[0] < least), ends: [], value: [], weight: [], amount: [], verdict: [] };
  it.resources.forEach((r, k) => {
    const add = (r.at[stage] ?? r.add).map((c) => held(state, mine, r.table, c)), less = r.less.map((c) => held(state, mine, r.table, c));
    let [low, high] = [0, 1].map((end) => total(add.map((e) => e[end])) - total(less.map((e) => e[1 - end])));
    if (less.length) [low, high] = [Math.max(low, 0), Math.max(high, 0)];
    const amount = low === high && less.every(([a, b]) => a === b) && add.every(([a, b]) => a === b) ? low : NaN;
    const by = held(state, mine, 0, r.by), weight = by[0] === by[1] ? by[0] : NaN;
    const value = weight === 0 ? NaN : (r.per * amount) / weight;
    let ends = [value, value];
    if (Number.isNaN(value)) {
      ends = [by[1] > 0 ? (r.per * low) / by[1] : -Infinity, by[0] > 0 ? (r.per * high) / by[0] : Infinity];
      ends = [Number.isNaN(ends[0]) ? -Infinity : ends[0], Number.isNaN(ends[1]) ? Infinity : ends[1]];
      if (r.zero && weight === 0) ends = r.low ? [Infinity, Infinity] : [-Infinity, -Infinity];
    }
    if (perhaps) ends[1] = Infinity;
    const [limit, side] = it.limits[NAMES.indexOf(stage)][k];
    made.ends.push(ends), made.value.push(value), made.weight.push(weight), made.amount.push(amount * r.per);
    made.verdict.push(limit === null ? NONE : between(...ends.map((end) => keeps(end, limit, side, it.decimals[0]))));
  });
  made.met = made.verdict.filter((verdict) => verdict === PASS).length;
  made.school = it.rule === null ? NONE : schoolRule(made);
  return made;
}

// So many are met, and the others are at their floor; with the worst and the best of what is not reported.
function schoolRule({ stage, ends }) {
  const [worst, best] = [0, 1].map((end) => {
    let unmet = 0, low = false, open = false;
    it.limits[NAMES.indexOf(stage)].forEach(([limit, side, floor, floorSide], k) => {
      const figure = ends[k][it.resources[k].low ? 1 - end : end];
      if (limit === null) open = true;
      else if (!keeps(figure, limit, side, it.decimals[0])) {
        unmet += 1;
        low ||= floor !== null && !keeps(figure, floor, floorSide, it.decimals[0]);
      }
    });
    return unmet > it.rule || low ? FAIL : open ? OPEN : PASS;
  });
  return worst === PASS ? PASS : best === FAIL ? FAIL : OPEN;
}

// The coefficients of a stage, and their mean.
function spreads(rows, stage) {
  const there = rows.filter((row) => row.stage === stage && !row.out);
  if (!there.length) return null;
  const found = it.resources.map((_, k) => {
    const full = there.filter((row) => !Number.isNaN(row.value[k])), gone = there.filter((row) => Number.isNaN(row.value[k]));
    const all = total(full.map((row) => row.weight[k])), missing = gone.length;
    const average = total(full.map((row) => row.amount[k])) / all;
    const about = (centre) => total(full.map((row) => row.weight[k] * (row.amount[k] / row.weight[k] - centre) ** 2));
    const open = total(gone.map((row) => row.weight[k] || NaN));
    if (!missing) return { mean: average, coefficient: average ? Math.sqrt(about(average) / all) / average : NaN, least: NaN, missing };
    const whole = all + open, first = (all * average) / whole, second = about(0) / whole;
    const squared = all ? second / (first ** 2 + (open / whole) * second) - 1 : 0;
    return { mean: NaN, coefficient: NaN, least: Math.sqrt(Math.max(squared || 0, 0)), missing };
  });
  const middle = (read) => (found.length ? total(found.map(read)) / found.length : NaN);
  found.push({ mean: NaN, coefficient: middle((one) => one.coefficient), least: middle((one) => (Number.isNaN(one.coefficient) ? one.least : one.coefficient)), missing: Math.max(0, ...found.map((one) => one.missing)) });
  const [limit, side] = it.spread[NAMES.indexOf(stage)];
  found.forEach((one, k) => {
    const kept = keeps(Number.isNaN(one.coefficient) ? one.least : one.coefficient, limit, side, it.decimals[1]);
    const verdict = !Number.isNaN(one.coefficient) ? (kept ? PASS : FAIL) : one.missing && !kept && known(one.least) ? FAIL : OPEN;
    one.verdict = it.decide[k] ? verdict : NONE;
  });
  return found;
}

function judge(state) {
  const rows = it.rows.map((_, row) => judgeRow(state, row)), there = rows.filter((row) => !row.out);
  const balance = Object.fromEntries(NAMES.map((stage) => [stage, spreads(rows, stage)]).filter(([, found]) => found));
  const counted = (verdict) => there.filter((row) => row.school === verdict).length;
  const every = Object.values(balance).flat();
  const counts = { rows: there.length, pass: counted(PASS), fail: counted(FAIL) };
  counts.over = every.filter((one) => one.verdict === FAIL).length;
  counts.coefficients = every.filter((one) => one.verdict !== NONE).length;
  return { rows, balance, counts };
}

// Actions, as a scenario file has them, one after the other; each returns why it cannot be done.
const start = () => ({ section: sites.map((s) => [...s.section]), own: sites.map((s) => [...s.own]), whole: it.groups.map(([whole]) => [...whole]) });
const place = (school, stage) => sites.findIndex((site) => site.id === school && site.stage === stage);
const few = (there) => put(told.few, shown(there, 0));

// The parts of an action on teachers by column of sections.
const parts = (action) =>
  Object.entries({ ...action, ...action.columns }).flatMap(([name, value]) => {
    const column = it.staff[name] ?? (action.columns && name in action.columns ? it.columns.indexOf(name) : -1);
    return column < 0 ? [] : [[column, value]];
  });

function hire(state, action) {
  const section = state.section[place(action.school, action.stage)], given = parts(action);
  if (!action.teachers || given.some(([, value]) => value > action.teachers)) return told.part;
  if (![FULL, ...given.map(([column]) => column)].every((column) => known(section[column]))) return told.blank;
  const all = new Map([[FULL, action.teachers], [it.staff.above_required, action.teachers], ...given]);
  for (const [column, value] of all) if (column >= 0 && known(section[column])) section[column] += value;
}

function train(state, action) {
  const section = state.section[place(action.school, action.stage)], given = parts(action);
  if (![FULL, ...given.map(([column]) => column)].every((column) => known(section[column]))) return told.blank;
  const wrong = given.find(([column, value]) => section[column] + value > section[FULL]);
  if (wrong) return few(section[FULL] - section[wrong[0]]);
  for (const [column, value] of given) section[column] += value;
}

function facilities(state, school, stage) {
  return stage === "whole" ? state.whole[sites.find((site) => site.id === school && site.group >= 0)?.group] : state.own[place(school, stage)];
}

function add(state, action) {
  const row = facilities(state, action.school, action.stage), given = Object.entries({ ...action, ...action.columns }).map(([name, value]) => [it.held.indexOf(name), value]).filter(([column]) => column >= 0);
  if (!given.every(([column]) => known(row[column]))) return told.blank;
  const made = [...row];
  for (const [column, value] of given) made[column] += value;
  const [all, indoor] = ["teaching_area_m2", "indoor_sports_area_m2"].map((name) => made[it.held.indexOf(name)]);
  if (known(all) && indoor > all) return few(all);
  row.splice(0, row.length, ...made);
}

function movePupils(state, action) {
  const [from, to] = [action.from, action.to].map((school) => state.section[place(school, action.stage)]);
  if (!known(from[0]) || !known(to[0])) return told.blank;
  if (action.pupils >= from[0]) return told.whole;
  from[0] -= action.pupils;
  to[0] += action.pupils;
}

function transferTeachers(state, action) {
  const [from, to] = [action.from, action.to].map((school) => state.section[place(school, action.stage)]);
  const staff = from[FULL], given = new Map(parts(action)), moving = action.teachers;
  if (!moving) return told.part;
  if (!known(staff) || !known(to[FULL]) || ![...given.keys()].every((column) => known(from[column]))) return told.blank;
  if (moving > staff) return few(staff);
  if ([...given].some(([column, value]) => value > Math.min(moving, from[column]) || value < moving - (staff - from[column]))) return told.part;
  const goes = new Map([[FULL, moving]]);
  for (const column of Object.values(it.staff)) {
    const nearest = Math.floor((moving * from[column]) / staff + 0.5);
    goes.set(column, given.get(column) ?? Math.min(Math.max(nearest, moving - (staff - from[column])), from[column], moving));
  }
  for (const [column, value] of goes)
    for (const [section, sign] of [[from, -1], [to, 1]]) section[column] = known(section[column]) && known(from[column]) ? section[column] + sign * value : NaN;
}

function transferEquipment(state, action) {
  const column = it.held.indexOf("equipment_yuan"), [from, to] = [facilities(state, action.from, action.from_stage), facilities(state, action.to, action.to_stage)];
  if (!known(from[column]) || !known(to[column])) return told.blank;
  if (action.equipment_yuan > from[column]) return few(from[column]);
  from[column] -= action.equipment_yuan;
  to[column] += action.equipment_yuan;
}

const DEEDS = { hire, train, build: add, buy: add, move_pupils: movePupils, transfer_teachers: transferTeachers, transfer_equipment: transferEquipment };

function tried(actions) {
  const state = start(), faults = actions.map((action) => DEEDS[action.do](state, action) ?? "");
  return { ...judge(state), state, faults };
}

const toml = (value) =>
  value && typeof value === "object" ? `{ ${Object.entries(value).map(([name, one]) => `${name} = ${toml(one)}`).join(", ")} }` : JSON.stringify(value).replace("\x7f", "\\u007F");

const scenario = (title, actions) =>
  [`title = ${toml(title)}`, `base_year = ${it.year}`, ...actions.flatMap((action) => ["", "[[actions]]", ...Object.entries(action).map(([name, value]) => `${name} = ${toml(value)}`)]), ""].join("\n");

// What a reader sees: numbers with as many digits as tell them from their limit.
function shown(value, decimals, limit) {
  if (!known(value)) return it.verdicts[OPEN];
  const apart = known(limit ?? null) && Math.abs(value - limit) > 1e-9;
  while (apart && decimals < 9 && (rounded(value, decimals) < rounded(limit, decimals) !== value < limit || rounded(value, decimals) === rounded(limit, decimals))) decimals += 1;
  return rounded(value, decimals).toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

const badge = (verdict) => make("span", { className: `verdict ${{ [OPEN]: "nodata", [NONE]: "na" }[verdict] ?? verdict}`, textContent: it.verdicts[verdict] });
const named = (row) => `${sites.find((site) => site.row === row).name} ${it.stages[it.rows[row][0]]}`;
const places = sites.map((site, at) => at).filter((at) => sites[at].section[0] > 0);
const titled = (at) => `${sites[at].name} ${it.stages[sites[at].stage]}`;
const base = tried([]);
const asked = places.find((at) => sites[at].id === new URLSearchParams(location.hash.slice(1)).get("whatif"));
let changes = [], past = [], here = asked ?? places[0], toward = {};

// Where a site reports a column of facilities: by stage, for the school as one, or not at all.
function stageOf(at, name) {
  const column = it.held.indexOf(name), { own, group, stage } = sites[at];
  return known(own[column]) && own[column] !== undefined && (group < 0 || !known(it.groups[group][0][column]) || own[column]) ? stage : group >= 0 && known(it.groups[group][0][column]) ? "whole" : null;
}

// The change that a field belongs to, and what it says without an amount.
function frame(action, name, more) {
  const { id, stage } = sites[here], target = sites[toward[action.do]];
  if (action.do === "transfer_equipment") return { do: action.do, from: id, from_stage: stageOf(here, name), to: target?.id, to_stage: target && stageOf(toward[action.do], name) };
  if (["move_pupils", "transfer_teachers"].includes(action.do)) return { do: action.do, from: id, to: target?.id, stage };
  return { do: action.do, school: id, stage: ["build", "buy"].includes(action.do) ? stageOf(here, name) : stage };
}

const same = (change, wanted) => Object.entries(wanted).every(([name, value]) => change[name] === value);
const find = (wanted) => changes.find((change) => same(change, wanted));

function change(wanted, name, more, value) {
  past.push(changes);
  changes = structuredClone(changes);
  let mine = find(wanted);
  if (!mine) changes.push((mine = { ...wanted }));
  const into = more ? (mine.columns ??= {}) : mine;
  if (value === null) delete into[name];
  else into[name] = value;
  if (mine.columns && !Object.keys(mine.columns).length) delete mine.columns;
  changes = changes.filter((one) => Object.keys(one).some((key) => !["do", "school", "stage", "from", "to", "from_stage", "to_stage"].includes(key)));
  show();
}

// What a school lacks of a column to its standard: beside the control that adds to it.
function lacking(result, column, table) {
  const row = result.rows[sites[here].row], k = it.resources.findIndex((r) => r.table === table && (r.at[row.stage] ?? r.add)[0] === column);
  if (k < 0 || it.resources[k].low || it.resources[k].by) return "";
  const r = it.resources[k], limit = it.limits[NAMES.indexOf(row.stage)][k][0], gap = (limit * row.weight[k] - row.amount[k]) / r.per;
  if (limit === null || !(gap > 1e-8)) return "";
  return put(told.lacks, `${shown(r.whole ? Math.ceil(gap - 1e-8) : gap, r.whole ? 0 : 1)} ${r.what}`);
}

let hints = [];
function fieldsOf(action) {
  const away = action.do === "move_pupils" || action.do.startsWith("transfer"), set = make("fieldset", {}, make("legend", { textContent: action.label }));
  const others = places.filter((at) => at !== here && sites[at].id !== sites[here].id && sites[at].stage === sites[here].stage);
  if (away) {
    if (!others.includes(toward[action.do])) toward[action.do] = others[0];
    if (!others.length) return [];
    const list = make("select", {}, ...others.map((at) => make("option", { value: at, textContent: titled(at), selected: at === toward[action.do] })));
    list.addEventListener("change", () => ((toward[action.do] = +list.value), form(action.do)));
    set.append(make("label", {}, make("span", { textContent: told.to }), list));
    set.querySelector("select").dataset.do = action.do;
  }
  for (const [name, words, more] of action.fields) {
    const fixed = action.do === "move_pupils", column = it.staff[name] ?? (name === "teachers" ? FULL : fixed ? 0 : it.columns.indexOf(name)), table = column < 0 ? 1 : 0;
    const wanted = frame(action, name, more), mine = find(wanted), whole = !table || name.endsWith("rooms") || (more && it.resources.some((r) => r.table && r.whole && r.add[0] === it.held.indexOf(name)));
    const stuck = (table ? (wanted.stage ?? wanted.from_stage) === null || wanted.to_stage === null : !known(sites[here].section[column])) || (fixed && (sites[here].stuck || sites[toward[action.do]].stuck));
    const input = make("input", { type: "number", min: 0, step: whole ? 1 : "any", inputMode: "decimal", disabled: stuck, value: (more ? mine?.columns?.[name] : mine?.[name]) ?? "" });
    const hint = make("small", { id: `hint-${action.do}-${name}` });
    input.setAttribute("aria-describedby", hint.id);
    input.addEventListener("change", () => {
      const value = input.value === "" ? null : Math.max(0, whole ? Math.round(+input.value) : +input.value);
      const zero = value === 0 && !(["hire", "transfer_teachers"].includes(action.do) && name !== "teachers");
      input.value = zero || value === null ? "" : value;
      change(wanted, name, more, zero ? null : value);
    });
    hints.push((result) => {
      const state = result.state, has = table ? (wanted.stage ?? wanted.from_stage) && facilities(state, sites[here].id, wanted.stage ?? wanted.from_stage)[it.held.indexOf(name)] : state.section[here][column];
      hint.textContent = [stuck ? told.unknown : put(told.has, shown(has, Number.isInteger(has) ? 0 : 1)), away || name === "teachers" ? "" : lacking(result, table ? it.held.indexOf(name) : column, table)].filter(Boolean).join(told.comma);
    });
    set.append(make("label", {}, make("span", { textContent: words }), input, hint));
  }
  return [set];
}

const school = make("select", {}, ...places.map((at) => make("option", { value: at, textContent: titled(at) })));
const fields = make("div", { className: "fields" }), list = make("ol"), status = make("p", { className: "counts" }), turned = make("p"), results = make("div", { className: "results" });
const title = make("input", { type: "text", value: told.trial });
const back = button(told.undo, "", () => ((changes = past.pop() ?? []), form(), back.focus()));
const none = button(told.clear, "", () => (past.push(changes), (changes = []), form(), back.focus()));
const keep = button(told.save, "", () => save(title.value || told.trial, "toml", [scenario(title.value || told.trial, changes)], "application/toml"));
status.setAttribute("role", "status");
school.addEventListener("change", () => ((here = +school.value), form()));

function form(focused) {
  hints = [];
  fields.replaceChildren(...it.actions.flatMap(fieldsOf));
  if (focused) fields.querySelector(`[data-do=${focused}]`)?.focus();
  show();
}

function table(caption, heads, rows) {
  const head = make("tr", {}, ...heads.map(([words, numeric]) => make("th", { scope: "col", className: numeric ? "num" : "", textContent: words })));
  const line = (cells, failing) => make("tr", { className: failing ? "fail" : "" }, ...cells.map((cell, k) => make(k ? "td" : "th", { className: heads[k][1] ? "num" : k ? "whole" : "", ...(k ? {} : { scope: "row" }) }, cell)));
  const box = make("div", { className: "scroll" }, make("table", { className: "data" }, make("caption", {}, ...caption), make("thead", {}, head), make("tbody", {}, ...rows.map((row) => line(...row)))));
  watch.observe(box);
  return box;
}

function text2(change) {
  const action = it.actions.find((one) => one.do === change.do), at = place(change.school ?? change.from, change.stage ?? change.from_stage), who = sites.find((site) => site.id === (change.school ?? change.from)), target = sites.find((site) => site.id === change.to);
  const where = at >= 0 ? titled(at) : who.name, amounts = action.fields.flatMap(([name, words]) => (known(change[name] ?? change.columns?.[name] ?? null) ? [`${words} ${shown(change[name] ?? change.columns[name], 0)}`] : []));
  return `${action.label}${told.colon}${where}${target ? ` → ${target.name}` : ""}${told.comma}${amounts.join(told.comma)}`;
}

function show() {
  const result = tried(changes), own = sites[here].row, now = base.rows[own], then = result.rows[own], stage = then.stage, d = it.decimals;
  for (const hint of hints) hint(result);
  list.replaceChildren(...changes.map((one, k) => make("li", {}, text2(one), " ", button(told.remove, text2(one), () => (past.push(changes), (changes = changes.filter((_, i) => i !== k)), form(), back.focus())), ...(result.faults[k] ? [make("strong", { className: "fault", textContent: ` ${result.faults[k]}` })] : []))));
  back.disabled = !past.length;
  none.disabled = !changes.length;
  keep.disabled = !changes.length || result.faults.some(Boolean);
  const arrow = (a, b) => (a === b ? `${a}` : `${a} → ${b}`), [a, b] = [base.counts, result.counts], waiting = (c) => (it.rule === null ? 0 : c.rows - c.pass - c.fail);
  status.textContent = [it.rule !== null && [told.rows, arrow(a.pass, b.pass), b.rows], (waiting(a) || waiting(b)) && [told.waiting, arrow(waiting(a), waiting(b)), b.rows], b.coefficients && [told.over, arrow(a.over, b.over), b.coefficients]].filter(Boolean).map(([words, count, of]) => `${words} ${count} / ${of}`).join(told.comma);
  const which = (test) => result.rows.flatMap((row, k) => (test(row, base.rows[k]) ? [named(k)] : [])), met = (row) => !row.out && row.school === PASS;
  const [won, lost] = [which((row, old) => met(row) && !met(old)), which((row, old) => !met(row) && met(old))];
  turned.textContent = [won.length && put(told.won, won.join(told.comma)), lost.length && put(told.lost, lost.join(told.comma))].filter(Boolean).join(" ");
  const verdict = (row) => (row.out ? told.out : badge(row.school));
  const heads = [[told.indicator], [told.verdict], [told.now, 1], [told.after, 1], [told.limit, 1]];
  const mine = it.resources.map((r, k) => {
    const limit = it.limits[NAMES.indexOf(stage)][k][0];
    return [[r.label, badge(then.verdict[k]), shown(now.value[k], r.decimals, limit), shown(then.value[k], r.decimals, limit), limit === null ? "" : `${shown(limit, d[0])}`], then.verdict[k] === FAIL];
  });
  const caption = now.school === then.school && now.out === then.out ? [verdict(then)] : [verdict(now), " → ", verdict(then)];
  const spread = it.spread[NAMES.indexOf(stage)][0], found = result.balance[stage], before = base.balance[stage];
  const mean = it.decide.at(-1) ? [{ label: told.mean }] : [];
  const even = [...it.resources, ...mean].map((r, k) => [[r.label, badge(found?.[k].verdict ?? OPEN), shown(before?.[k].coefficient ?? NaN, d[1], spread), shown(found?.[k].coefficient ?? NaN, d[1], spread), it.decide[k] ? shown(spread, 2) : ""], found?.[k].verdict === FAIL]);
  const said = table([`${titled(here)} `, ...(it.rule === null ? [] : caption)], heads, mine);
  results.replaceChildren(said, table([`${told.coefficients} ${it.stages[stage]}`], heads.with(4, [told.cap, 1]), even));
}

const head = make("h2", { id: "whatif", textContent: told.title });
const folded = make("details", {}, make("summary", { textContent: told.open }), make("p", {}, make("label", {}, make("span", { textContent: told.school }), school)), fields, status, turned, results, make("h3", { textContent: told.changes }), list, make("p", { className: "keep" }, back, none, make("label", {}, make("span", { textContent: told.name }), title), keep));
const panel = make("section", { className: "whatif" }, head, make("p", { className: "note", textContent: told.intro }), folded);
const unfold = () => (folded.open ||= /^#whatif(=|$)/.test(location.hash));
Object.assign(panel, { tried, scenario, stageOf });
if (places.length) {
  panel.setAttribute("aria-labelledby", head.id);
  home.replaceWith(panel);
  school.value = here;
  form();
  unfold();
  addEventListener("hashchange", unfold);
  if (asked !== undefined) panel.scrollIntoView();
  const next = [...document.querySelectorAll(".toc a")].find((link) => panel.compareDocumentPosition(document.getElementById(decodeURIComponent(link.hash.slice(1)))) & 4);
  next?.parentNode.before(make("li", {}, make("a", { href: `#${head.id}`, textContent: told.title })));
}
}
