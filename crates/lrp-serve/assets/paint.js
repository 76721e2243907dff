// Relevance as colours on a canvas.

import { element, number } from "./dom.js";

// The size beyond which colours do not change: the largest value, or one that only a few in a thousand pass.
export function scaleOf(values, share = 1) {
  const sizes = Float32Array.from(values, Math.abs).sort();
  return sizes[Math.max(0, Math.ceil(share * sizes.length) - 1)] ?? 0;
}

// Where in a palette's table a value from -1 to 1 is. Palettes that do not diverge show magnitudes.
function position(palette, value) {
  const steps = palette.colors.length - 1;
  const at = palette.diverging ? (value + 1) / 2 : Math.abs(value);
  return 3 * Math.round(steps * Math.min(1, Math.max(0, at)));
}

// The colour of a value from -1 to 1, and black or white for letters on it, whichever is read better.
export function colorsOf(palette, value) {
  const [red, green, blue] = palette.table.slice(position(palette, value));
  const light = 0.2126 * (red / 255) ** 2.2 + 0.7152 * (green / 255) ** 2.2 + 0.0722 * (blue / 255) ** 2.2;
  return { ground: `rgb(${red} ${green} ${blue})`, ink: light > 0.179 ? "#000" : "#fff" };
}

// Paints a plane of numbers; over a picture where there is one, by `strength`: at 0 the picture alone, at 1 relevance
// alone, between them the picture shows where there is little relevance.
export function paint(canvas, plane, palette, scale, picture = null, strength = 1) {
  const { height, width, values } = plane;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  const below = picture && strength < 1 ? pixelsOf(picture, width, height) : null;
  const fade = Math.min(1, 3 * strength);
  for (let index = 0; index < values.length; index += 1) {
    const value = scale > 0 ? values[index] / scale : 0;
    const color = position(palette, value);
    const cover = below ? strength * Math.min(1, Math.abs(value)) ** (1 - strength) : 1;
    const at = 4 * index;
    const grey = below ? 0.299 * below[at] + 0.587 * below[at + 1] + 0.114 * below[at + 2] : 0;
    for (let part = 0; part < 3; part += 1) {
      const seen = below ? below[at + part] + fade * (grey - below[at + part]) : 0;
      pixels.data[at + part] = cover * palette.table[color + part] + (1 - cover) * seen;
    }
    pixels.data[at + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}

function pixelsOf(picture, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

// A palette as a strip, with the numbers at its ends and at zero.
export function colorBar(palette, scale) {
  const strip = element("canvas", { width: palette.colors.length, height: 1, "aria-hidden": "true" });
  const context = strip.getContext("2d");
  const pixels = context.createImageData(strip.width, 1);
  palette.colors.forEach((_, step) => pixels.data.set([...palette.table.slice(3 * step, 3 * step + 3), 255], 4 * step));
  context.putImageData(pixels, 0, 0);
  const marks = palette.diverging ? [number(-scale), "0", number(scale)] : ["0", number(scale)];
  return element("div", { className: "bar" }, strip, element("div", {}, marks.map((mark) => element("span", {}, mark))));
}

// A picture that came in base 64.
export async function decode(base64) {
  const picture = new Image();
  picture.src = `data:image/png;base64,${base64}`;
  await picture.decode();
  return picture;
}

// What stands below relevance: its colours, what it is for and by which rules, how much arrived, and what is to be known.
export const account = (palette, scale, what, { rules, why, notices, ...sums }) => [
  colorBar(palette, scale),
  element("p", { className: "what" }, "for ", ...what, ", by ", element("code", {}, rules), why ? ` (${why})` : ""),
  conservation(sums),
  ...notices.map((notice) => element("p", { className: "note" }, notice)),
];

// What arrived of what was started: "15.20 of 15.61".
function conservation({ started, arrived }) {
  const share = started === 0 ? null : ` (${Math.round((100 * arrived) / started)} %)`;
  return element(
    "p", { className: "sum", title: "What is missing was absorbed by biases and stabilizers on the way." },
    "relevance ", element("b", {}, number(arrived)), ` of ${number(started)}`, share,
  );
}
