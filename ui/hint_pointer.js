// Part of the hint canvas: mouse, touch and pen click, paint and erase.

const TREMBLE = 5;  // pixels of the screen by which a click may move
let pointer = null, pressed = null;

const round = (number) => Math.round(number * 1e4) / 1e4;

function spot(event, box = canvas.getBoundingClientRect()) {
  return [round((event.clientX - box.left) / box.width), round((event.clientY - box.top) / box.width)];
}

canvas.addEventListener("pointerdown", (event) => {
  if (pointer !== null || !photo || event.button > 0 && event.button !== 5) return;  // 5: a pen's eraser end
  event.preventDefault();
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  pointer = event.pointerId;
  pressed = { at: spot(event), x: event.clientX, y: event.clientY, erases: erasing || event.button === 5 };
  if (pressed.erases) { current = states[now]; erase(pressed.at, pressed.at); }
});

canvas.addEventListener("pointermove", (event) => {
  showNib(event);
  if (event.pointerId !== pointer) return;
  const samples = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  const box = canvas.getBoundingClientRect();
  for (const sample of samples.length ? samples : [event]) {
    const at = spot(sample, box);
    if (pressed.erases) { erase(pressed.at, at); pressed.at = at; } else extend(sample, at);
  }
  repaint();
});

function extend(event, at) {
  if (!current) {
    if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < TREMBLE) return;
    leave();
    current = [...states[now], { points: [pressed.at], colour, radius: round(penWidth() / 2) }];
  }
  const points = current.at(-1).points, [x, y] = points.at(-1);
  const steps = Math.ceil(Math.hypot(at[0] - x, at[1] - y) / 0.01);  // close enough for the eraser to part
  if (Math.hypot(at[0] - x, at[1] - y) < 0.003) return;
  for (let i = 1; i <= steps; i++) points.push([round(x + (at[0] - x) * i / steps), round(y + (at[1] - y) * i / steps)]);
  postSoon();
}

function lift(event) {
  if (event.pointerId !== pointer) return;
  pointer = null;
  const strokes = current;
  current = null;
  if (strokes && strokes !== states[now]) keep(strokes);
  else if (!pressed.erases && event.type === "pointerup") ask(...spot(event));
}
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);
canvas.addEventListener("lostpointercapture", lift);
canvas.addEventListener("contextmenu", (event) => event.preventDefault());
canvas.addEventListener("pointerleave", () => { nib.hidden = true; });

// What lies under the eraser on its way from `from` to `to` is gone; a stroke may fall into pieces.
function erase(from, to) {
  const [ax, ay] = from, dx = to[0] - ax, dy = to[1] - ay, length = dx * dx + dy * dy;
  const far = ([x, y], reach) => {
    const along = length ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
    return Math.hypot(x - ax - along * dx, y - ay - along * dy) > reach;
  };
  const left = current.flatMap((stroke) => {
    const stays = stroke.points.map((point) => far(point, Number(size.value) / 1000 + stroke.radius));
    if (stays.every(Boolean)) return [stroke];
    const pieces = [[]];
    stroke.points.forEach((point, i) => { if (stays[i]) pieces.at(-1).push(point); else pieces.push([]); });
    return pieces.filter((points) => points.length).map((points) => ({ ...stroke, points }));
  });
  if (left.length === current.length && left.every((stroke, i) => stroke === current[i])) return;
  current = left;
  postSoon();
}

function showNib(event) {
  nib.style.width = penWidth() * 100 + "%";
  if (!event) return;
  nib.hidden = event.pointerType === "touch";
  const [x, y] = spot(event);
  nib.style.left = x * 100 + "%";
  nib.style.top = y / ratio * 100 + "%";
}
