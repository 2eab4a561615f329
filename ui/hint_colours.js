// Part of the hint canvas: a click on the photo asks, the answer and the palette are chosen from.

function take(hex, offered) {
  colour = hex;
  own.value = hex;
  for (const one of [...palette, ...offer.children]) {
    one.setAttribute("aria-pressed", String(one.dataset.colour === hex));
  }
  own.parentElement.style.setProperty("--colour", hex);
  own.parentElement.classList.toggle("taken", palette.every((one) => one.dataset.colour !== hex));
  choose(false);
  if (place) colourPlace();
  if (!offered) leave();  // what is offered may be tried one after the other
}

// A dot where was clicked; choosing again gives it another colour, and so does clicking it again.
function colourPlace() {
  const dot = { points: [[place.x, place.y]], colour, radius: round(penWidth() / 2) };
  keep([...shown().filter((stroke) => stroke !== place.stroke), dot]);
  place.stroke = dot;
}

function ask(x, y) {
  const dot = shown().findLast(({ points: [[left, top], another], radius }) =>
    !another && Math.hypot(left - x, top - y) < Math.max(radius, 8 / canvas.clientWidth));
  place = dot ? { x: dot.points[0][0], y: dot.points[0][1], stroke: dot } : { x: round(x), y: round(y), stroke: null };
  offer.hidden = true;
  if (chosen && !dot) colourPlace();
  changed();
  if (props.ground) trigger("select", { photo: props.ground.photo, x: place.x, y: place.y, asked: ++asked });
}

function answer() {
  const likely = props.likely;
  if (!likely || likely.asked !== asked || !place) return;
  offer.replaceChildren(...likely.colours.map(([hex, share], i) => {
    const one = document.createElement("button");
    one.type = "button";
    one.dataset.colour = hex;
    one.style.setProperty("--colour", hex);
    one.title = `${share} (${i + 1})`;
    one.setAttribute("aria-label", `Likely colour ${i + 1}: ${hex}, ${share}`);
    one.setAttribute("aria-pressed", String(place.stroke !== null && hex === colour));
    one.append(Object.assign(document.createElement("small"), { textContent: share }));
    return one;
  }));
  offer.hidden = false;
  const box = canvas.getBoundingClientRect(), half = Math.min(0.5, offer.offsetWidth / 2 / box.width);
  offer.style.left = 100 * Math.min(Math.max(place.x, half), 1 - half) + "%";
  offer.style.top = 100 * place.y / ratio + "%";
  offer.classList.toggle("above", place.y * box.width > box.height - offer.offsetHeight - 24);
}

pad.addEventListener("click", (event) => {
  const hex = event.target.closest("[data-colour]")?.dataset.colour;
  if (!hex) return;
  chosen = !offer.contains(event.target);
  take(hex, !chosen);
});
own.addEventListener("change", () => { chosen = true; take(own.value); });

function onPress(event) {
  if (!element.isConnected) return document.removeEventListener("pointerdown", onPress);
  if (!offer.hidden && !pad.contains(event.target)) leave();
}
document.addEventListener("pointerdown", onPress);
