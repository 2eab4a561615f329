// Part of the sketchpad and of the hint canvas: what a key means, and which of pen and eraser is held.

function command(event) {
  const key = event.key.toLowerCase();
  if (event.altKey) return null;
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return event.shiftKey ? "redo" : "undo";
    return key === "y" ? "redo" : null;
  }
  return KEYS[key] ?? null;
}

function choose(eraser) {
  erasing = eraser;
  button.pen.setAttribute("aria-pressed", String(!eraser));
  button.eraser.setAttribute("aria-pressed", String(eraser));
  pad.classList.toggle("erasing", eraser);
}
