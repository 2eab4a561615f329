// The hint canvas' life in the browser. Gradio runs this as the body of js_on_load, with `element`, `props`,
// `trigger` and `watch` in scope.
//
// A click asks for the likeliest colours of a place and offers them beside it; where a colour of the palette was
// chosen before, it leaves a dot of that at once. A drag paints a stroke in the colour of the pen. Lengths are in units of the photo's width (x to the right, y down), whatever its size on
// the screen. A state of the hints is a list of strokes that never changes; undo and redo walk along states.
//
// Python sets `ground` (the photo, with the hints that came with it) and `likely` (an answer to a click). The
// coloured photo comes from the part that shows it, as an event "coloured" with the picture.
//
// One script in five files, in this order: hint_canvas.js, canvas_tools.js, hint_colours.js, hint_pointer.js,
// hint_keys.js.

const pad = element.querySelector(".hints");
const canvas = pad.querySelector("canvas");
const nib = pad.querySelector(".nib");
const offer = pad.querySelector(".offer");
const size = pad.querySelector("input[type=range]");
const own = pad.querySelector("input[type=color]");
const palette = [...pad.querySelectorAll(".palette [data-colour]")];
const button = Object.fromEntries([...pad.querySelectorAll("[data-does]")].map((b) => [b.dataset.does, b]));

let states = [[]], now = 0;  // of the hints, and which of them is shown
let current = null;          // the strokes while a pointer changes them
let place = null;            // [x, y] that was clicked, and what it became: {x, y, stroke}
let colour = palette[0].dataset.colour;
let chosen = false;          // whether a click paints it, as it was chosen by hand
let erasing = false, beneath = false;
let photo = null, coloured = null, ratio = 2 / 3, asked = 0;

const shown = () => current ?? states[now];

// --- painting -----------------------------------------------------------------------------------

function line(context, stroke, width, style, scale) {
  const at = ([x, y]) => [x * scale, y * scale];
  context.strokeStyle = style;
  context.lineWidth = width;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(...at(stroke.points[0]));
  for (const point of stroke.points.slice(1)) context.lineTo(...at(point));
  const [x, y] = at(stroke.points.at(-1));
  context.lineTo(x + 0.01, y);  // the hundredth makes a dot of a stroke that never moved
  context.stroke();
}

function paint() {
  const context = canvas.getContext("2d"), scale = canvas.width;
  const rim = 1.5 * scale / (canvas.clientWidth || scale);
  const ground = beneath && coloured ? coloured : photo;
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (ground) context.drawImage(ground, 0, 0, canvas.width, canvas.height);
  for (const stroke of shown()) {
    const width = Math.max(2 * stroke.radius * scale, 4 * rim);
    line(context, stroke, width + 2 * rim, "rgb(255 255 255 / 85%)", scale);
    line(context, stroke, width, stroke.colour, scale);
  }
  if (!place) return;
  for (const [radius, style] of [[9, "#fff"], [7, "#16181d"]]) {
    context.beginPath();
    context.arc(place.x * scale, place.y * scale, radius * rim, 0, 2 * Math.PI);
    context.lineWidth = 1.5 * rim;
    context.strokeStyle = style;
    context.stroke();
  }
}

let frame = 0;
function repaint() {
  frame = frame || requestAnimationFrame(() => { frame = 0; paint(); });
}

function fit() {
  const box = canvas.getBoundingClientRect(), sharp = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.round(box.width * sharp), height = Math.round(box.height * sharp);
  if (!width || !height) return;
  if (width !== canvas.width || height !== canvas.height) { canvas.width = width; canvas.height = height; }
  paint();
}

// --- sending ------------------------------------------------------------------------------------

let posted = -Infinity, timer = 0;

function post() {
  clearTimeout(timer);
  timer = 0;
  posted = performance.now();
  if (props.ground) props.value = JSON.stringify({ photo: props.ground.photo, strokes: shown() });
}

function postSoon() {
  timer = timer || setTimeout(post, Math.max(0, posted + props.every_ms - performance.now()));
}

// --- states -------------------------------------------------------------------------------------

function changed() {
  button.undo.disabled = !now;
  button.redo.disabled = now === states.length - 1;
  button.clear.disabled = !shown().length;
  pad.classList.toggle("blank", !shown().length && !place && !current);
  repaint();
}

function keep(strokes) {
  states = [...states.slice(0, now + 1), strokes];
  now = states.length - 1;
  changed();
  post();
}

function show(index) {
  now = index;
  leave();
  post();
}

function leave() {
  place = null;
  offer.hidden = true;
  changed();
}

const actions = {
  undo() { if (now) show(now - 1); },
  redo() { if (now < states.length - 1) show(now + 1); },
  clear() { if (shown().length) { leave(); keep([]); } },
  pen() { choose(false); },
  eraser() { leave(); choose(true); },
  beneath() { look(!beneath); },
};

function look(at) {
  beneath = at;
  button.beneath.setAttribute("aria-pressed", String(at));
  repaint();
}

function penWidth() {
  return Number(size.value) / 1000 * (erasing ? 2 : 1);  // an eraser is wider than what it rubs out
}

function act(name) {
  if (pointer === null) actions[name]();
}

// --- beginning --------------------------------------------------------------------------------------

async function begin() {
  const ground = props.ground, picture = new Image();
  if (!ground) return;
  picture.src = ground.picture;
  await picture.decode();
  if (ground.photo !== props.ground.photo) return;  // another one came meanwhile
  photo = picture;
  coloured = null;
  ratio = ground.height / ground.width;
  pad.style.setProperty("--ratio", ground.width / ground.height);
  pad.classList.remove("empty");
  states = [ground.strokes];
  now = 0;
  current = null;
  leave();
  fit();
  post();
}

watch("ground", begin);
watch("likely", answer);
pad.addEventListener("coloured", (event) => { coloured = event.detail; if (beneath) repaint(); });
new ResizeObserver(fit).observe(canvas);
choose(false);
take(colour);
look(window.matchMedia("(max-width: 720px)").matches);  // where the coloured photo lies farther down
changed();
showNib();
