// Layers: one step after the other, from the scores back to the input.

import { asker } from "./api.js";
import { complain, element, number } from "./dom.js";
import { onLook, palette } from "./look.js";
import { colorBar, paint, scaleOf } from "./paint.js";
import { wayPicker } from "./way.js";

// `sources` are the other tabs: the models they have, and the input that is in them.
export function startLayers(place, sources) {
  const models = sources.flatMap((source) => source.models.map((model) => ({ ...model, source })));
  const state = { answer: null, at: 0 };

  const model = element("select", { id: "layer-model", onchange: restart }, models.map(({ name }) => element("option", {}, name)));
  const picker = wayPicker("Rules", "", ask);
  const target = element("select", { id: "layer-class", onchange: ask });
  const steps = element("ol", { className: "steps", role: "listbox", tabIndex: 0, "aria-label": "Layers, from the scores to the input", onkeydown: keyed });
  const back = element("button", { type: "button", id: "forward", onclick: () => go(state.at - 1) }, "← to the scores");
  const next = element("button", { type: "button", id: "backward", onclick: () => go(state.at + 1) }, "to the input →");
  const view = element("div", { className: "view", "aria-live": "polite" });
  const trouble = element("div");

  const send = asker("/api/v1/layers", {
    done: (answer) => {
      complain(trouble);
      state.answer = answer;
      state.at = Math.min(state.at, answer.steps.length - 1);
      listClasses();
      draw();
    },
    failed: (message) => complain(trouble, message),
    busy: (is) => place.setAttribute("aria-busy", is),
  });

  function restart() {
    state.at = 0;
    target.value = "";
    ask();
  }

  function ask() {
    const { source } = models.find(({ name }) => name === model.value);
    const input = source.input();
    if (!input) {
      complain(trouble, "there is no input yet: draw a digit or write a text in the other tabs");
      return;
    }
    const classes = target.value ? [Number(target.value)] : [];
    send({ model: model.value, input, ways: [picker.way()], classes });
  }

  function listClasses() {
    const { scores, class: explained } = state.answer;
    const chosen = target.value;
    const option = ({ class: number, name }) => element("option", { value: number }, name);
    const known = scores.some((score) => String(score.class) === chosen);
    target.replaceChildren(
      element("option", { value: "" }, `what is predicted: ${scores[0].name}`), ...scores.map(option),
    );
    target.value = known ? chosen : "";
    if (!known && chosen) target.append(element("option", { value: chosen, selected: true }, String(explained)));
  }

  function keyed(event) {
    const last = state.answer.steps.length - 1;
    const to = { ArrowDown: state.at + 1, ArrowRight: state.at + 1, ArrowUp: state.at - 1, ArrowLeft: state.at - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  }

  function go(to) {
    if (!state.answer) return;
    state.at = Math.min(state.answer.steps.length - 1, Math.max(0, to));
    draw();
  }

  function draw() {
    const { steps: all } = state.answer;
    const reach = Math.max(...all.map(({ sum }) => Math.abs(sum)), 1e-30);
    steps.replaceChildren(...all.map((step, index) => {
      const bar = element("i");
      bar.style.width = `${(100 * Math.abs(step.sum)) / reach}%`;
      bar.classList.toggle("below", step.sum < 0);
      return element(
        "li", { role: "option", id: `step-${index}`, "aria-selected": index === state.at, onclick: () => go(index) },
        element("b", {}, step.node), element("span", { className: "track" }, bar), element("output", {}, number(step.sum)),
      );
    }));
    steps.setAttribute("aria-activedescendant", `step-${state.at}`);
    steps.children[state.at].scrollIntoView({ block: "nearest" });
    back.disabled = state.at === 0;
    next.disabled = state.at === all.length - 1;
    show(all[state.at], all[state.at - 1]);
  }

  function show(step, above) {
    const { plane, bars } = step.relevance;
    const values = plane?.values ?? bars;
    const scale = scaleOf(values);
    const canvas = element("canvas", { className: "heatmap", role: "img", "aria-label": `Relevance of what ${step.node} wrote` });
    if (plane) paint(canvas, plane, palette(), scale);
    const arrived = above ? `${number(step.sum)} (above it: ${number(above.sum)})` : number(step.sum);
    const facts = [
      ["values", step.shape.join(" × ") + (plane && step.shape.length > 2 ? ", channels summed" : "")],
      ["relevance", arrived],
      ["for, against", `${number(step.positive)}, ${number(step.negative)}`],
      ["rule from here", step.rule === null ? "none: this is the input" : step.rule.replace(/^-$/, "")],
      ["because", step.why],
    ].filter(([, fact]) => fact);
    view.replaceChildren(
      element("h2", {}, step.node, step.kind ? element("small", {}, ` ${step.kind}`) : ""),
      plane ? canvas : barChart(bars, scale),
      colorBar(palette(), scale),
      element("dl", {}, facts.flatMap(([name, fact]) => [element("dt", {}, name), element("dd", {}, fact)])),
    );
  }

  // A bar a value, above and below a line, in the colours of the palette.
  function barChart(values, scale) {
    const [width, height] = [Math.max(values.length, 10) * 8, 240];
    const canvas = element("canvas", { className: "chart", width, height, role: "img", "aria-label": `${values.length} values of relevance` });
    const context = canvas.getContext("2d");
    const { color } = getComputedStyle(place);
    const slot = width / values.length;
    const ends = [0, palette().table.length - 3].map((at) => `rgb(${palette().table.slice(at, at + 3)})`);
    values.forEach((value, index) => {
      const size = scale > 0 ? (Math.abs(value) / scale) * (height / 2 - 4) : 0;
      context.fillStyle = value < 0 && palette().diverging ? ends[0] : ends[1];
      context.fillRect(index * slot + slot * 0.12, height / 2 - (value > 0 ? size : 0), slot * 0.76, Math.max(size, 1));
    });
    context.fillStyle = color;
    context.globalAlpha = 0.4;
    context.fillRect(0, height / 2, width, 1);
    return canvas;
  }

  place.append(
    element(
      "div", { className: "columns layers" },
      element(
        "div", { className: "card" },
        element("h2", {}, "The way back"),
        element("label", { htmlFor: "layer-model" }, "Network"), model,
        element("label", { htmlFor: "layer-class" }, "Class"), target,
        picker.node, trouble,
        element("p", { className: "note" }, "The input is the one in the other tabs."),
      ),
      element("div", { className: "card" }, element("h2", {}, "Relevance, layer by layer"), steps),
      element("div", { className: "card" }, element("div", { className: "row" }, back, next), view),
    ),
  );
  onLook(() => state.answer && draw());
  return { start: ask };
}
