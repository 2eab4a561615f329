// What stays in sight while a visitor looks inside: the pad, what the network sees, and where a number looks.
// Gradio runs this as the body of js_on_load, with `element`, `props` and `watch` in scope.
//
// The pad itself comes here while its own place is out of sight, and goes back when that is seen again.

const section = element.closest("#inside");
const picture = element.querySelector(".sight img");
const frame = element.querySelector(".sight i");
const said = element.querySelector(".where");
const slot = element.querySelector(".slot");
const pad = document.querySelector("#pad");
const home = document.createElement("div");  // the pad's own place, which stays as high while the pad is here
home.className = "pad-place";
pad.replaceWith(home);
home.append(pad);
const start = said.textContent;

function show() {
  const value = props.value ? JSON.parse(props.value) : null;
  picture.hidden = !value;
  if (value) picture.src = value.picture;
}

section.addEventListener("looks", ({ detail }) => {
  frame.hidden = !detail;
  said.textContent = detail ? detail.words : start;
  if (!detail || !picture.naturalWidth) return;
  const [top, left, bottom, right] = detail.box;
  const percent = (part, whole) => `${100 * part / whole}%`;
  frame.style.top = percent(top, picture.naturalHeight);
  frame.style.height = percent(bottom - top, picture.naturalHeight);
  frame.style.left = percent(left, picture.naturalWidth);
  frame.style.width = percent(right - left, picture.naturalWidth);
  said.textContent = `${detail.words} sees ${bottom - top} × ${right - left} pixels`;
});

let drawing = false;   // a pad that moves would lose the pen
pad.addEventListener("pointerdown", () => { drawing = true; });
addEventListener("pointerup", () => { drawing = false; settle(); });
addEventListener("pointercancel", () => { drawing = false; settle(); });

let homeSeen = true, sideSeen = false;
function settle() {
  const here = !homeSeen && sideSeen;
  if (drawing || here === slot.contains(pad)) return;
  if (here) {
    home.style.minHeight = `${home.offsetHeight}px`;
    slot.append(pad);
  } else {
    home.append(pad);
    home.style.minHeight = "";
  }
  element.classList.toggle("has-pad", here);
}

new IntersectionObserver(([entry]) => { homeSeen = entry.isIntersecting; settle(); }).observe(home);
new IntersectionObserver(([entry]) => { sideSeen = entry.isIntersecting; settle(); }).observe(element);

watch("value", show);
show();
