// A field to draw on, with a mouse, a finger, a pen or the arrow keys. What is drawn stays lines: a list of strokes,
// each a list of points from 0 to 1.

import { element } from "./dom.js";

const SIDE = 560;
const PEN = 0.075 * SIDE;
// Points nearer to the last one than this say nothing.
const NEAR = 0.006;
const STEP = 1 / 28;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// Returns `{ node, show(sample), redraw(), clear(), undo() }`; `changed` gets the strokes whenever there are others.
export function pad(changed) {
  const canvas = element("canvas", {
    id: "pad", width: SIDE, height: SIDE, tabIndex: 0, role: "application",
    "aria-label": "Field to draw a digit on. Arrow keys move the pen, Space puts it down and lifts it, "
      + "Backspace takes the last line back, Delete clears.",
  });
  const context = canvas.getContext("2d");
  let strokes = [];
  let sample = null;
  let drawing = false;
  let pen = { at: [0.5, 0.5], down: false, seen: false };

  const inside = (value) => Math.min(1, Math.max(0, value));
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
  };
  const told = () => { redraw(); changed(strokes); };

  function begin(point) {
    if (sample) strokes = [];
    sample = null;
    strokes.push([point]);
    told();
  }

  function extend(points) {
    const stroke = strokes.at(-1);
    const before = stroke.length;
    for (const point of points) {
      const [x, y] = stroke.at(-1);
      if (Math.hypot(point[0] - x, point[1] - y) >= NEAR) stroke.push(point);
    }
    if (stroke.length > before) told();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    drawing = true;
    pen = { at: place(event), down: false, seen: false };
    begin(place(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (drawing) extend([...event.getCoalescedEvents?.() ?? [], event].map(place));
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { drawing = false; });

  canvas.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (arrow) {
      pen.at = pen.at.map((value, axis) => inside(value + arrow[axis] * STEP));
      pen.seen = true;
      if (pen.down) extend([pen.at]);
    } else if (event.key === " ") {
      pen = { ...pen, down: !pen.down, seen: true };
      if (pen.down) begin(pen.at);
    } else if (event.key === "Backspace") undo();
    else if (event.key === "Delete") clear();
    else return;
    event.preventDefault();
    redraw();
  });
  canvas.addEventListener("blur", () => { pen = { ...pen, down: false, seen: false }; redraw(); });

  function clear() {
    [strokes, sample] = [[], null];
    told();
  }

  function undo() {
    strokes = sample ? [] : strokes.slice(0, -1);
    sample = null;
    pen.down = false;
    told();
  }

  // Shows a sample of 28 by 28 grey values in place of what is drawn.
  function show(pixels) {
    [strokes, sample] = [[], pixels];
    redraw();
  }

  function redraw() {
    const style = getComputedStyle(canvas);
    context.clearRect(0, 0, SIDE, SIDE);
    context.fillStyle = context.strokeStyle = style.color;
    if (sample) drawSample();
    Object.assign(context, { lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    for (const stroke of strokes) {
      // The first point twice, so that a dot is a line too.
      context.beginPath();
      [stroke[0], ...stroke].forEach(([x, y]) => context.lineTo(x * SIDE, y * SIDE));
      context.stroke();
    }
    if (pen.seen) drawPen(style);
  }

  function drawSample() {
    const cell = SIDE / 28;
    sample.forEach((value, index) => {
      context.globalAlpha = value / 255;
      context.fillRect((index % 28) * cell, Math.floor(index / 28) * cell, cell + 0.5, cell + 0.5);
    });
    context.globalAlpha = 1;
  }

  function drawPen(style) {
    context.beginPath();
    context.arc(pen.at[0] * SIDE, pen.at[1] * SIDE, PEN / 2, 0, 2 * Math.PI);
    context.lineWidth = 4;
    context.strokeStyle = style.outlineColor;
    context.stroke();
    if (pen.down) { context.fillStyle = style.outlineColor; context.fill(); }
  }

  return { node: canvas, show, redraw, clear, undo };
}
