// Layers: draws each stage's maps from its strip, follows the hand, and says which number was pressed. Gradio
// runs this as the body of js_on_load, with `element`, `props`, `trigger` and `watch` in scope.
//
// props.value is JSON from ui/inside_layers.py. Where the number under the pointer looks is told to the section
// as an event "looks" with the box of the picture, [top, left, bottom, right], and a line of words.

const SOME = 32;  // maps shown of more than MANY, until all are asked for
const MANY = 40;
const GAP = 5;
const list = element.querySelector(".stages");
const shown = new Map();  // stage number -> what is on the page
let network = "";
let at = null;            // {stage, map, row, column} under the pointer or the keyboard
let chosen = null;        // the same, pressed
let last = null;          // the one that was chosen before its card was closed
let marked = new Set();   // the stages on which either is marked
let width = 0;            // of the list, for which all was laid out

function scaleOf(data) {
  if (data.labels.length) return 30;
  if (data.flat) return 14;
  return Math.max(2, Math.round(52 / Math.max(...data.size)));
}

function build(data) {
  const box = document.createElement("section");
  box.className = "stage";
  box.innerHTML = `<h3></h3><p></p><canvas tabindex="0" role="img"></canvas><button type="button" hidden></button>`;
  const stage = {
    box, data, picture: new Image(), all: false,
    canvas: box.querySelector("canvas"), more: box.querySelector("button"),
  };
  stage.picture.addEventListener("load", () => paint(stage));
  stage.more.addEventListener("click", () => { stage.all = !stage.all; paint(stage); });
  stage.canvas.addEventListener("pointermove", (event) => point(place(stage, event)));
  stage.canvas.addEventListener("pointerleave", () => point(null));
  stage.canvas.addEventListener("click", (event) => {
    const unit = place(stage, event);
    press(unit);
    // On a phone the card comes up from below: what was pressed stays above it.
    const hidden = event.clientY - 0.42 * innerHeight;
    if (unit && innerWidth <= 720 && hidden > 0) scrollBy({ top: hidden, behavior: "smooth" });
  });
  stage.canvas.addEventListener("keydown", (event) => key(stage, event));
  stage.canvas.addEventListener("blur", () => point(null));
  list.append(box);
  return stage;
}

function count(stage) {
  return stage.data.maps > MANY && !stage.all ? SOME : stage.data.maps;
}

// Where each map lies on the canvas, in CSS pixels.
function layout(stage) {
  const { data } = stage, scale = scaleOf(data);
  const gap = data.flat && !data.labels.length ? 2 : GAP;
  const width = data.size[1] * scale, height = data.size[0] * scale, under = data.labels.length ? 20 : 0;
  const wide = data.values.length ? 46 : width;
  const columns = Math.max(1, Math.floor((list.clientWidth + gap) / (wide + gap)));
  const rows = Math.ceil(count(stage) / columns);
  const below = under + (data.values.length ? 16 : 0);
  return { scale, gap, width, height, wide, below, columns, rows };
}

function corner(l, map) {
  return [(map % l.columns) * (l.wide + l.gap), Math.floor(map / l.columns) * (l.height + l.below + l.gap)];
}

function paint(stage) {
  const { canvas, data, picture } = stage, l = stage.layout = layout(stage);
  const ratio = window.devicePixelRatio || 1, maps = count(stage);
  const width = Math.min(l.columns, maps) * (l.wide + l.gap) - l.gap;
  const height = l.rows * (l.height + l.below + l.gap) - l.gap;
  if (width <= 0 || !picture.naturalWidth) return;
  const size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.imageSmoothingEnabled = false;
  for (let map = 0; map < maps; map++) {
    const [x, y] = corner(l, map);
    context.fillStyle = "rgb(128 128 128 / 12%)";
    context.fillRect(x, y, l.wide, l.height);
    context.drawImage(picture, 0, map * data.size[0], data.size[1], data.size[0], x, y, l.wide, l.height);
    if (data.labels.length) words(context, stage, map, x, y);
  }
  marks(context, stage);
  stage.more.hidden = data.maps <= MANY;
  stage.more.textContent = stage.all ? "Show fewer" : `Show all ${data.maps}`;
}

function words(context, stage, map, x, y) {
  const { data, layout: l } = stage, style = getComputedStyle(stage.box);
  const best = data.values[map] && map === data.best;
  context.textAlign = "center";
  context.fillStyle = style.color;
  context.font = `${best ? 700 : 500} 14px ${style.fontFamily}`;
  context.fillText(data.labels[map], x + l.wide / 2, y + l.height + 15);
  if (!data.values[map]) return;
  context.font = `${best ? 600 : 400} 11px ${style.fontFamily}`;
  context.fillText(data.values[map], x + l.wide / 2, y + l.height + 30);
}

function outline(context, stage, map, [top, left, bottom, right], colour) {
  const l = stage.layout, [x, y] = corner(l, map), s = l.scale;
  const [h, w] = stage.data.size;
  const x0 = Math.max(0, left) * l.wide / w, x1 = Math.min(w, right) * l.wide / w;
  const y0 = Math.max(0, top) * s, y1 = Math.min(h, bottom) * s;
  context.lineWidth = 1.5;
  context.strokeStyle = colour;
  context.strokeRect(x + x0 - 0.75, y + y0 - 0.75, x1 - x0 + 1.5, y1 - y0 + 1.5);
}

function marks(context, stage) {
  const colour = getComputedStyle(stage.box).getPropertyValue("--mark") || "#0f7a5c";
  for (const unit of [chosen, at]) {
    if (!unit) continue;
    if (unit.stage === stage.data.stage) {
      if (unit.map < count(stage)) outline(context, stage, unit.map, [unit.row, unit.column, unit.row + 1, unit.column + 1], colour);
      continue;
    }
    const data = shown.get(unit.stage)?.data;
    if (!data || unit !== (at || chosen) || !data.reads.includes(stage.data.stage)) continue;
    const box = range(data.window, unit);
    for (let map = 0; map < count(stage); map++) if (!data.same || map === unit.map) outline(context, stage, map, box, colour);
  }
}

function range(axes, unit) {
  const rows = axes[0][Math.min(unit.row, axes[0].length - 1)];
  const columns = axes[1][Math.min(unit.column, axes[1].length - 1)];
  return [rows[0], columns[0], rows[1], columns[1]];
}

function place(stage, event) {
  const l = stage.layout, box = stage.canvas.getBoundingClientRect();
  if (!l) return null;
  const x = event.clientX - box.left, y = event.clientY - box.top;
  const tileX = Math.floor(x / (l.wide + l.gap)), tileY = Math.floor(y / (l.height + l.below + l.gap));
  const map = tileY * l.columns + tileX;
  const inX = x - tileX * (l.wide + l.gap), inY = y - tileY * (l.height + l.below + l.gap);
  if (tileX < 0 || tileX >= l.columns || map < 0 || map >= count(stage) || inX >= l.wide) return null;
  if (inY >= l.height + l.below) return null;
  const [h, w] = stage.data.size;
  const row = Math.min(h - 1, Math.floor(inY / l.scale)), column = Math.min(w - 1, Math.floor(inX / l.wide * w));
  return { stage: stage.data.stage, map, row, column };
}

function named(unit) {
  const { data } = shown.get(unit.stage);
  if (data.labels.length) return `${data.title} · ${data.labels[unit.map]}`;
  if (data.flat) return `${data.title} · number ${unit.map + 1}`;
  return `${data.title} · map ${unit.map + 1}, row ${unit.row + 1}, column ${unit.column + 1}`;
}

function same(a, b) {
  return a === b || (a && b && a.stage === b.stage && a.map === b.map && a.row === b.row && a.column === b.column);
}

function point(unit) {
  if (same(unit, at)) return;
  at = unit;
  tell();
}

// The box on the picture and the marks on the maps follow the number pointed at, else the one pressed.
function tell() {
  const unit = list.clientWidth ? at || chosen : null;  // without width: another part is in front
  const data = unit && shown.get(unit.stage)?.data;
  const detail = data ? { box: range(data.sees, unit), words: named(unit) } : null;
  element.dispatchEvent(new CustomEvent("looks", { detail, bubbles: true }));
  const before = marked;
  marked = new Set([at, chosen].flatMap((one) => (one && shown.has(one.stage) ? [one.stage, ...shown.get(one.stage).data.reads] : [])));
  new Set([...before, ...marked]).forEach((number) => { if (shown.has(number)) paint(shown.get(number)); });
}

function press(unit) {
  if (!unit) return;
  chosen = unit;
  tell();
  const { data } = shown.get(unit.stage);
  trigger("click", { stage: unit.stage, place: data.flat ? [unit.map] : [unit.row, unit.column, unit.map] });
}

function key(stage, event) {
  const { data } = stage, [h, w] = data.size;
  const from = [at, chosen, last].find((one) => one?.stage === data.stage);
  const unit = { stage: data.stage, map: 0, row: 0, column: 0, ...from };
  const steps = {
    ArrowLeft: () => unit.column--, ArrowRight: () => unit.column++,
    ArrowUp: () => unit.row--, ArrowDown: () => unit.row++,
    PageUp: () => unit.map--, PageDown: () => unit.map++,
  };
  const flat = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -stage.layout.columns, ArrowDown: stage.layout.columns };
  if (event.key === "Enter" || event.key === " ") press(unit);
  else if (data.flat && event.key in flat) unit.map += flat[event.key];
  else if (event.key in steps) steps[event.key]();
  else return;
  event.preventDefault();
  const within = (value, most) => Math.max(0, Math.min(most - 1, value));
  unit.map = within(unit.map, count(stage));
  unit.row = within(unit.row, h);
  unit.column = within(unit.column, w);
  point(unit);
}

function update() {
  if (!props.value) return;
  const described = JSON.parse(props.value);
  if (described.network !== network) {
    shown.forEach((stage) => stage.box.remove());
    shown.clear();
    at = chosen = last = null;
    network = described.network;
    tell();
  }
  for (const data of described.stages) {
    const stage = shown.get(data.stage) || build(data);
    shown.set(data.stage, stage);
    stage.data = data;
    data.best = data.values.length ? data.values.map(parseFloat).reduce((b, v, i, all) => ((v || 0) > (all[b] || 0) ? i : b), 0) : -1;
    stage.box.dataset.stage = data.stage;
    stage.box.querySelector("h3").textContent = data.title;
    stage.box.querySelector("p").textContent = data.about;
    const many = data.flat ? `${data.maps} numbers` : `${data.maps} maps of ${data.size.join(" × ")}`;
    const spoken = data.values.length ? data.labels.map((label, i) => `${label}: ${data.values[i] || "0 %"}`).join(", ") : many;
    stage.canvas.setAttribute("aria-label", `${data.title}: ${spoken}. Arrow keys and Page Down move, Enter takes a number apart.`);
    stage.picture.src = data.picture;
  }
}

document.addEventListener("unit-closed", () => {
  const card = document.querySelector("#inside-unit");
  if (card.contains(document.activeElement)) shown.get(chosen?.stage)?.canvas.focus({ preventScroll: true });
  last = chosen || last;
  chosen = null;
  tell();
});
new ResizeObserver(() => {
  if (list.clientWidth === width) return;
  width = list.clientWidth;
  shown.forEach(paint);
  tell();
}).observe(list);
// On a phone the card of one number lies over the page: only as long as the maps that it belongs to are seen.
new IntersectionObserver(([entry]) => list.closest("#inside").classList.toggle("maps-seen", entry.isIntersecting))
  .observe(list);
watch("value", update);
update();
