// How things look: the palette and the theme, kept between visits.

import { element } from "./dom.js";

const listeners = new Set();
let palettes = [];
let chosen = null;

export const palette = () => chosen;
export const onLook = (listener) => listeners.add(listener);
const changed = () => listeners.forEach((listener) => listener());

// What a browser refuses to keep is forgotten.
const kept = {
  get: (name) => { try { return localStorage.getItem(name); } catch { return null; } },
  set: (name, value) => { try { localStorage.setItem(name, value); } catch { /* nothing to do */ } },
};

export function startLook(found) {
  palettes = found.map((one) => ({ ...one, table: table(one.colors) }));
  const select = document.getElementById("palette");
  const group = (label, safe) => element(
    "optgroup", { label },
    palettes.filter((one) => one.safe === safe).map((one) => element("option", { value: one.name }, one.name)),
  );
  select.append(group("safe for the colour-blind", true), group("others", false));
  choose(kept.get("palette"));
  select.addEventListener("change", () => {
    choose(select.value);
    kept.set("palette", select.value);
    changed();
  });

  const theme = document.getElementById("theme");
  const dress = (value) => { document.documentElement.dataset.theme = value; };
  theme.value = kept.get("theme") ?? "auto";
  if (!theme.value) theme.value = "auto";
  dress(theme.value);
  theme.addEventListener("change", () => {
    dress(theme.value);
    kept.set("theme", theme.value);
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);

  function choose(name) {
    chosen = palettes.find((one) => one.name === name) ?? palettes[0];
    select.value = chosen.name;
  }
}

// Hexadecimal colours as bytes, three a step.
function table(colors) {
  return Uint8ClampedArray.from(colors.flatMap((color) => [0, 2, 4].map((at) => parseInt(color.slice(at, at + 2), 16))));
}
