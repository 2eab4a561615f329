// Part of the sketchpad: drawings that come from elsewhere, drawn stroke by stroke.

const SPEED = 3.2;  // pad widths a second, a brisk hand

// Finish at once what is being drawn by itself, before anything else happens.
let rest = [];
function settle() {
  cancelAnimationFrame(playing);
  playing = 0;
  for (const stroke of rest) { current = stroke; endStroke(); }  // the first replaces its own half
  rest = [];
}

function play(strokes) {
  if (pointer !== null) return;
  settle();
  if (visible().length) done.push({ clears: true });
  screen.redraw();
  small.redraw();
  rest = strokes.map((flat) => ({
    points: Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]),
    width: penWidth(false), colour: INK, erases: false,
  }));
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) { settle(); post(); return; }
  let before = performance.now(), ink = 0;
  let next = 0, stroke = null;
  playing = requestAnimationFrame(function step(now) {
    for (ink += (now - before) / 1000 * SPEED; ink > 0 && (stroke || rest.length);) {
      if (!stroke) { stroke = rest[0]; startStroke(stroke.points[0], stroke.width, false); next = 1; }
      if (next < stroke.points.length) {
        const [x, y] = stroke.points[next++], [lastX, lastY] = current.points.at(-1);
        current.points.push([x, y]);
        ink -= Math.hypot(x - lastX, y - lastY);
      } else {
        rest.shift();
        stroke = null;
        endStroke();
      }
    }
    before = now;
    paint(canvas, screen);
    if (stroke || rest.length) { postSoon(); playing = requestAnimationFrame(step); }
    else { playing = 0; post(); }
  });
}

pad.addEventListener("sketch", (event) => play(event.detail.strokes));
