// The sketchpad's life in the browser. Gradio runs this as the body of js_on_load, with `element` (the
// component) and `props` (what ui/sketchpad.py handed over) in scope.
//
// A drawing is a list of actions, oldest first: strokes, and `{clears: true}`. Undo and redo move actions
// between two lists, so that erasing and clearing can be undone too. Points are in units of the pad's
// width (x to the right, y down): whatever the size on the screen, the drawing is the same and stays sharp.
//
// Other parts of the page may draw as well:
//   pad.dispatchEvent(new CustomEvent("sketch", {detail: {strokes: [[x, y, x, y, ...], ...]}}))
// and are told by an event "drawn", which bubbles, that a stroke has begun or ended or was taken away.
//
// One script in four files, in this order: sketchpad.js, canvas_tools.js, sketchpad_storage.js,
// sketchpad_player.js.

const pad = element.querySelector(".pad");
const canvas = pad.querySelector("canvas");
const nib = pad.querySelector(".nib");
const size = pad.querySelector("input[type=range]");
const button = Object.fromEntries([...pad.querySelectorAll("button")].map((b) => [b.dataset.does, b]));

const INK = "#16181d";
let done = [];        // actions on the paper
let undone = [];      // actions that redo brings back
let current = null;   // the stroke under the pen
let erasing = false;
let playing = 0;      // the animation frame of an example that is being drawn

// --- painting -----------------------------------------------------------------------------------

function trace(context, stroke, scale) {
  const points = stroke.points;
  const at = (i) => [points[i][0] * scale, points[i][1] * scale];
  context.globalCompositeOperation = stroke.erases ? "destination-out" : "source-over";
  context.strokeStyle = stroke.colour;
  context.lineWidth = stroke.width * scale;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(...at(0));
  // Curves through the midpoints: the sampled points steer, so that no corner shows.
  for (let i = 1; i < points.length - 1; i++) {
    const [x, y] = at(i), [nextX, nextY] = at(i + 1);
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  const [x, y] = at(points.length - 1);
  context.lineTo(x + 0.01, y);  // the hundredth makes a dot of a stroke that never moved
  context.stroke();
}

// The finished strokes as a bitmap of one size, so that a moving pen costs one stroke and not the drawing.
function layer() {
  const bitmap = document.createElement("canvas");
  const context = bitmap.getContext("2d");
  return {
    bitmap,
    add: (stroke) => trace(context, stroke, bitmap.width),
    resize(width, height) { bitmap.width = width; bitmap.height = height; this.redraw(); },
    redraw() {
      context.clearRect(0, 0, bitmap.width, bitmap.height);
      visible().forEach((stroke) => this.add(stroke));
    },
  };
}

function visible() {
  return done.slice(done.findLastIndex((action) => action.clears) + 1);
}

const screen = layer();  // as large as the pad is on this screen
const small = layer();   // as large as what is sent

function paint(target, ink) {
  const context = target.getContext("2d");
  context.globalCompositeOperation = "source-over";
  context.clearRect(0, 0, target.width, target.height);
  context.drawImage(ink.bitmap, 0, 0);
  if (current) trace(context, current, target.width);
  return context;
}

let frame = 0;
function repaint() {
  frame = frame || requestAnimationFrame(() => { frame = 0; paint(canvas, screen); });
}

function fit() {
  const box = canvas.getBoundingClientRect();
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio);
  if (!width || !height || (width === canvas.width && height === canvas.height)) return;
  canvas.width = width;
  canvas.height = height;
  screen.resize(width, height);
  paint(canvas, screen);
}

// --- sending ------------------------------------------------------------------------------------

const sent = document.createElement("canvas");
let posted = -Infinity;  // when the last picture was sent, in ms
let timer = 0;
let told = "";  // what was sent last

function picture() {
  if (!visible().length && !current) return "";
  const context = paint(sent, small);
  context.globalCompositeOperation = "destination-over";  // the paper goes under the ink
  context.fillStyle = "#fff";
  context.fillRect(0, 0, sent.width, sent.height);
  return sent.toDataURL("image/png");
}

// Setting the value is what fires `change`. Gradio keeps one request in flight and then sends the newest
// (trigger_mode "always_last"), so nothing is asked for twice and no old answer overtakes a new one.
function post() {
  clearTimeout(timer);
  timer = 0;
  posted = performance.now();
  props.value = told = picture();
  keep();
}

function postSoon() {
  timer = timer || setTimeout(post, Math.max(0, posted + props.every_ms - performance.now()));
}

// --- actions ------------------------------------------------------------------------------------

function changed() {
  button.undo.disabled = !done.length;
  button.redo.disabled = !undone.length;
  button.clear.disabled = !visible().length;
  pad.classList.toggle("blank", !visible().length && !current);
  pad.dispatchEvent(new CustomEvent("drawn", { bubbles: true }));
}

function rebuilt() {
  screen.redraw();
  small.redraw();
  paint(canvas, screen);
  changed();
  post();
}

function startStroke(point, width, erases) {
  current = { points: [point], width, colour: INK, erases };
  changed();
}

function endStroke() {
  const stroke = current;
  current = null;
  done.push(stroke);
  undone = [];
  screen.add(stroke);
  small.add(stroke);
  paint(canvas, screen);
  changed();
}

const actions = {
  undo() { if (done.length) { undone.push(done.pop()); rebuilt(); } },
  redo() { if (undone.length) { done.push(undone.pop()); rebuilt(); } },
  clear() { if (visible().length) { done.push({ clears: true }); undone = []; rebuilt(); } },
  pen() { choose(false); },
  eraser() { choose(true); },
};

function penWidth(erases) {
  return (Number(size.value) / 100) * (erases ? 2 : 1);  // an eraser is wider than what it rubs out
}

function resizePen(by) {
  size.value = Number(size.value) + by;
  showNib();
}

function act(name) {
  if (pointer !== null) return;  // a stroke of the visitor's own goes on; one of an example is finished at once
  settle();
  actions[name]();
}

// --- pointer: mouse, touch and pen ----------------------------------------------------------------

let pointer = null;  // the one that draws; a second finger does not

function place(event, box = canvas.getBoundingClientRect()) {
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.width];
}

function extend(event) {
  const samples = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  const box = canvas.getBoundingClientRect();
  for (const sample of samples.length ? samples : [event]) {
    const [x, y] = place(sample, box), [lastX, lastY] = current.points.at(-1);
    if (Math.hypot(x - lastX, y - lastY) > 0.002) current.points.push([x, y]);
  }
}

canvas.addEventListener("pointerdown", (event) => {
  if (pointer !== null || event.button > 0 && event.button !== 5) return;  // 5: a pen's eraser end
  event.preventDefault();
  settle();
  if (!pad.contains(document.activeElement)) document.activeElement?.blur();  // the pad's keys work from here on
  canvas.setPointerCapture(event.pointerId);
  pointer = event.pointerId;
  const erases = erasing || event.button === 5;
  startStroke(place(event), penWidth(erases), erases);
  repaint();
  postSoon();
});

canvas.addEventListener("pointermove", (event) => {
  showNib(event);
  if (event.pointerId !== pointer) return;
  extend(event);
  repaint();
  postSoon();
});

function lift(event) {
  if (event.pointerId !== pointer) return;
  pointer = null;
  endStroke();
  post();
}
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);
canvas.addEventListener("lostpointercapture", lift);
canvas.addEventListener("contextmenu", (event) => event.preventDefault());
canvas.addEventListener("pointerleave", () => { nib.hidden = true; });

function showNib(event) {
  nib.style.width = penWidth(erasing) * 100 + "%";
  if (!event) return;
  nib.hidden = event.pointerType === "touch";
  const [x, y] = place(event);
  nib.style.left = x * 100 + "%";
  nib.style.top = y * 100 + "%";
}

// --- keyboard and buttons -------------------------------------------------------------------------

const KEYS = {
  z: "undo", y: "redo", c: "clear", delete: "clear", e: "eraser", b: "pen", "[": -1, "]": 1,
};

function onKey(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", onKey);
  const focus = document.activeElement;
  const idle = !focus || focus === document.body || focus.matches("button");  // a button takes no letters
  if (!pad.offsetParent || !(idle || pad.contains(focus))) return;
  const name = command(event);
  if (name === null || event.defaultPrevented) return;
  event.preventDefault();
  if (typeof name === "number") resizePen(name);
  else act(name);
}
document.addEventListener("keydown", onKey);

for (const [name, one] of Object.entries(button)) one.addEventListener("click", () => act(name));
size.addEventListener("input", () => showNib());

// --- beginning ------------------------------------------------------------------------------------

// The drawing is here alone. Gradio may put the first value back while the page is still being built; what was
// drawn by then is said again.
watch("value", () => { if (props.value !== told) postSoon(); });

small.resize(props.side, props.side);
sent.width = sent.height = props.side;
new ResizeObserver(fit).observe(canvas);
fit();
changed();
showNib();
bringBack();
