// The page: what the tabs share, and the tabs.

import { get } from "./api.js";
import { complain } from "./dom.js";
import { startDigits } from "./digits.js";
import { startImages } from "./images.js";
import { startLayers } from "./layers.js";
import { startLook } from "./look.js";
import { startTexts } from "./texts.js";
import { startWays } from "./way.js";

const tabs = [...document.querySelectorAll("[role=tab]")];
const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
// What happens when a tab is shown.
const shown = {};

function open(tab) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", chosen);
    other.tabIndex = chosen ? 0 : -1;
    panel(other).hidden = !chosen;
  }
  history.replaceState(null, "", `#${panel(tab).id}`);
  shown[panel(tab).id]?.();
}

tabs.forEach((tab, index) => {
  tab.addEventListener("click", () => open(tab));
  tab.addEventListener("keydown", (event) => {
    const last = tabs.length - 1;
    const to = {
      ArrowRight: index === last ? 0 : index + 1, ArrowLeft: index === 0 ? last : index - 1, Home: 0, End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    tabs[to].focus();
    open(tabs[to]);
  });
});

async function start() {
  const [{ models }, rules, { palettes }] = await Promise.all(["models", "rules", "palettes"].map((list) => get(`/api/v1/${list}`)));
  startLook(palettes);
  startWays(rules);
  const place = (name) => document.getElementById(name);
  const digits = await startDigits(place("digits"), models);
  const images = await startImages(place("images"), models);
  const texts = await startTexts(place("texts"), models);
  const layers = startLayers(place("layers"), [digits, images, texts]);
  Object.assign(shown, { images: images.start, layers: layers.start });
  const wanted = tabs.find((tab) => `#${panel(tab).id}` === location.hash);
  if (wanted) open(wanted);
}

start().catch((error) => complain(document.querySelector("main"), error.message));
