// Elements in one expression, and numbers as people read them.

// An element: properties are set, `on…` are listeners, `data` and `aria-…` are attributes.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.startsWith("aria")) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

// Four digits, and powers of ten only where nothing else is short.
export function number(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(2).replace("e+", "e").replace("-", "−");
  return value.toPrecision(4).replace(/\.?0+$/, "").replace("-", "−");
}

// Where an arrow key leads in a list: one forward, one back, or nowhere. The page does not move by it as well.
export function arrowStep(event) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key] ?? 0;
  if (step) event.preventDefault();
  return step;
}

// What went wrong, where it went wrong.
export function complain(place, message) {
  place.replaceChildren();
  if (message) place.append(element("p", { className: "complaint", role: "alert" }, message));
}
