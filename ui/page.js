// What Gradio's markup leaves unsaid or undone, for screen readers, for the keyboard and for the eye. It stands in
// the page's head, runs once and watches.

(() => {
  // --- names and states: of what is there, and of what comes --------------------------------------------

  // "Example: lined paper" from the picture's file, which has no other name.
  function nameExamples() {
    for (const button of document.querySelectorAll("button.gallery-item")) {
      const file = button.querySelector("img")?.src.split(/[?#]/)[0].split("/").pop();
      if (file) set(button, "aria-label", "Example: " + decodeURI(file).replace(/\.\w+$/, "").replace(/[-_]+/g, " "));
    }
  }

  function nameGroups() {
    for (const title of document.querySelectorAll("fieldset > [data-testid=block-info]"))
      set(title.parentElement, "aria-label", title.textContent.trim());
  }

  function sayWhatIsOpen() {
    for (const head of document.querySelectorAll(".gr-accordion > button.label-wrap"))
      set(head, "aria-expanded", String(head.classList.contains("open")));
  }

  function set(element, attribute, value) {
    if (element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
  }

  // --- the focus: buttons of which one makes room for another, or can't be pressed for a while -----------

  const HANDED = 400;  // milliseconds in which a key was still meant for the button that is gone

  let last = null;   // what has the focus, or had it until it was taken out of the page or disabled
  let turns = null;  // the part of the page in which it stands
  let place = 0;     // which of that part's buttons it is
  let given = null;  // the button that got the focus from it, and when
  let handed = -HANDED;
  let waits = false; // it is disabled, and there is no other

  const inTurn = () => [...turns.querySelectorAll("button:not(:disabled)")].filter((button) => button.offsetParent);

  document.addEventListener("focusin", ({ target }) => {
    last = target;
    turns = target.closest(".turns, [role=toolbar]");
    waits = false;
    place = turns ? Math.max(0, inTurn().indexOf(target)) : 0;
  });

  // Left by the visitor, not taken away: the focus is nowhere on purpose.
  document.addEventListener("focusout", () => setTimeout(() => {
    if (last?.isConnected && !last.disabled && document.activeElement === document.body) turns = null;
  }));

  function handOver() {
    const active = document.activeElement;
    if (!turns || active !== document.body && active !== last) return;
    if (last.isConnected && !last.disabled) {
      if (waits) last.focus({ preventScroll: true });
      return;
    }
    const there = inTurn();
    waits = !there.length;
    if (waits) return;
    given = there[Math.min(place, there.length - 1)];
    given.focus({ preventScroll: true });
    handed = performance.now();
  }

  // A late Enter on Stop is not to start the next run, nor one held down on Train to stop it.
  function tooLate(event) {
    if (event.key !== "Enter" && event.key !== " ") return;
    const late = event.target === given && performance.now() - handed < HANDED;
    if (!late && !(event.repeat && event.target.closest?.(".turns button"))) return;
    event.preventDefault();
    event.stopPropagation();
  }
  document.addEventListener("keydown", tooLate, true);
  document.addEventListener("keyup", tooLate, true);

  // --- a picture that can't be opened: a sentence beside it says so, and the browser's torn sheet no more ---

  const torn = (visibility) => ({ target }) => {
    if (target.matches?.(".image-frame img")) target.style.visibility = visibility;
  };
  document.addEventListener("error", torn("hidden"), true);
  document.addEventListener("load", torn(""), true);

  // --- once in a frame at most, as answers change twelve times a second under a moving pen -----------------

  let due = 0;
  function mend() {
    due = 0;
    nameExamples();
    nameGroups();
    sayWhatIsOpen();
    handOver();
  }
  new MutationObserver(() => { due = due || requestAnimationFrame(mend); })
    .observe(document, { subtree: true, childList: true, attributeFilter: ["class", "disabled"] });
})();
