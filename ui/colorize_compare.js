// Before and after: two pictures of one size, and a line between them that is dragged. Gradio runs this as the
// body of js_on_load, with `element`, `props` and `watch` in scope. Python sets `before` (all that the photo can
// be compared with, [name, picture]) and `after`.

const part = element.querySelector(".compare");
const range = part.querySelector("input");
const [after, before] = part.querySelectorAll("img");
const said = part.querySelector(".said");
const choices = part.querySelector(".choices");
let chosen = 0;

range.addEventListener("input", () => part.style.setProperty("--split", range.value + "%"));

function compare() {
  const options = props.before ?? [];
  chosen = Math.min(chosen, options.length - 1);
  if (chosen < 0) return;
  before.src = options[chosen][1];
  before.alt = said.textContent = options[chosen][0];
  [...choices.children].forEach((one, i) => one.setAttribute("aria-pressed", String(i === chosen)));
}

function offer() {
  const options = props.before ?? [];
  choices.hidden = options.length < 2;
  choices.replaceChildren(...options.map(([name], i) => {
    const one = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    one.addEventListener("click", () => { chosen = i; compare(); });
    return one;
  }));
  chosen = 0;
  compare();
}

// The new picture takes the old one's place when it is decoded, so that nothing flickers.
async function paint() {
  const uri = props.after, next = new Image();
  if (!uri) return;
  next.src = uri;
  await next.decode();
  if (uri !== props.after) return;
  part.style.setProperty("--ratio", next.naturalWidth / next.naturalHeight);
  part.classList.remove("empty");
  after.src = uri;
  document.querySelector(`#${props.canvas} .hints`)?.dispatchEvent(new CustomEvent("coloured", { detail: next }));
}

watch("before", offer);
watch("after", paint);
