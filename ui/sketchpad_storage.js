// Part of the sketchpad: what is on the paper is kept in the browser.

// After a call that fails Gradio's client loads the page again, a visitor may do so too, and a phone lets go of a
// tab in the background: what is on the paper is kept in the tab's own storage, and comes back. A browser may
// refuse to store anything, or hold something else there; then the pad is blank, as for a newcomer.

function keep() {
  if (!props.kept_as) return;
  const strokes = current ? [...visible(), current] : visible();
  try {
    if (strokes.length) sessionStorage.setItem(props.kept_as, JSON.stringify(strokes, rounded));
    else sessionStorage.removeItem(props.kept_as);
  } catch { /* no storage, or a full one */ }
}

function rounded(_, value) {
  return typeof value === "number" ? Math.round(value * 1e4) / 1e4 : value;
}

function isStroke(stroke) {
  const { points, width, erases } = stroke;
  const sound = (point) => point.length === 2 && point.every(Number.isFinite);
  return width > 0 && typeof erases === "boolean" && points.length > 0 && points.every(sound);
}

function bringBack() {
  let strokes = [];
  try {
    strokes = props.kept_as && JSON.parse(sessionStorage.getItem(props.kept_as)) || [];
    if (!strokes.every(isStroke)) return;
  } catch { return; }
  if (!strokes.length) return;
  done = strokes.map(({ points, width, erases }) => ({ points, width, erases, colour: INK }));
  rebuilt();
}
