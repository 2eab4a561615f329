// Part of the hint canvas: keys, buttons, and photos that are dropped or pasted.

const KEYS = {
  z: "undo", y: "redo", c: "clear", delete: "clear", e: "eraser", b: "pen", v: "beneath", "[": -4, "]": 4,
};
const ARROWS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1] };

// On the canvas: arrows move the place, Enter asks what it may be, 1 to 5 choose; Escape leaves it.
function walk(key, far) {
  if (ARROWS[key]) {
    const [right, down] = ARROWS[key], step = far ? 0.1 : 0.02, { x, y } = place ?? { x: 0.5, y: ratio / 2 };
    place = { x: round(Math.min(Math.max(x + right * step, 0), 1)), stroke: null,
      y: round(Math.min(Math.max(y + down * step, 0), ratio)) };
    offer.hidden = true;
    changed();
  } else if ((key === "enter" || key === " ") && photo) ask(...(place ? [place.x, place.y] : [0.5, ratio / 2]));
  else if (key === "escape" && place) leave();
  else if (offer.hidden || !offer.children[key - 1]) return false;
  else { chosen = false; take(offer.children[key - 1].dataset.colour, true); }
  return true;
}

function onKey(event) {
  if (!element.isConnected) return document.removeEventListener("keydown", onKey);
  const focus = document.activeElement;
  const idle = !focus || focus === document.body || focus.matches("button");  // a button takes no letters
  if (!pad.offsetParent || event.defaultPrevented || !(idle || pad.contains(focus))) return;
  const name = command(event);
  if (name === null) {
    const here = focus === canvas || offer.contains(focus) && /^[1-5]$|^Escape$/.test(event.key);
    if (here && !event.ctrlKey && !event.metaKey && !event.altKey
        && walk(event.key.toLowerCase(), event.shiftKey)) event.preventDefault();
    return;
  }
  event.preventDefault();
  if (typeof name === "number") { size.value = Number(size.value) + name; showNib(); } else act(name);
}
document.addEventListener("keydown", onKey);

for (const [name, one] of Object.entries(button)) one.addEventListener("click", () => act(name));
size.addEventListener("input", () => showNib());

// --- photos: dropped or pasted ones go the way of the button that opens one -----------------------------

function bring(files) {
  const input = document.querySelector(`#${props.opener}`)?.parentElement.querySelector("input[type=file]");
  if (!input || !files.length) return;
  const bag = new DataTransfer();
  bag.items.add(files[0]);
  input.files = bag.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

// Anywhere on the page, but for what takes files itself: beside the canvas a browser would leave the page for them.
function onDrag(event) {
  if (!element.isConnected) return document.removeEventListener(event.type, onDrag);
  if (!pad.offsetParent || event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  pad.classList.toggle("dropping", event.type === "dragover");
  if (event.type === "drop") bring(event.dataTransfer.files);
}
for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, onDrag);
function onPaste(event) {
  if (!element.isConnected) return document.removeEventListener("paste", onPaste);
  if (pad.offsetParent && !event.target.closest?.("input, textarea")) bring(event.clipboardData.files);
}
document.addEventListener("paste", onPaste);
