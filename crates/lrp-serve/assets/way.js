// A choice of rules: what suits the model, a rule with its dials, or a composite.

import { element, number } from "./dom.js";

let catalogue = null;
let count = 0;

export function startWays(rules) {
  catalogue = rules;
}

// Rules that were made for the layer that sees the input.
const FIRST = ["flat", "w2"];

// A slider from 0 to 1 for a dial, either way.
const STEPS = 200;
const toSlider = ({ least, most, logarithmic }, value) =>
  Math.round(STEPS * (logarithmic ? Math.log(value / least) / Math.log(most / least) : (value - least) / (most - least)));
const fromSlider = ({ least, most, logarithmic }, at) => {
  const value = logarithmic ? least * (most / least) ** (at / STEPS) : least + (most - least) * (at / STEPS);
  return Number(value.toPrecision(3));
};

// Returns `{ node, way() }`; `changed` is called whenever the way is another one.
export function wayPicker(label, usual, changed) {
  count += 1;
  const id = `way-${count}`;
  const select = element(
    "select", { id, onchange: () => { turn(); changed(); } },
    element("option", { value: "" }, "what suits the model"),
    group("Rules", "rule", catalogue.rules.filter(({ bounded }) => !bounded)),
    group("Composites", "composite", catalogue.composites),
  );
  // What only knows the input's bounds cannot be for all layers, but for the first.
  const first = element(
    "select", { id: `${id}-first`, onchange: changed }, element("option", { value: "" }, "the same"),
    catalogue.rules.filter(({ name, bounded }) => bounded || FIRST.includes(name)).map(({ name }) => element("option", {}, name)),
  );
  const dials = element("div", { className: "dials" });
  const note = element("p", { className: "note" });
  let parameters = [];

  function turn() {
    const [kind, name] = select.value.split(":");
    const list = kind === "rule" ? catalogue.rules : catalogue.composites;
    const info = list.find((one) => one.name === name);
    note.textContent = info?.summary ?? "chosen by what the network is made of";
    note.title = info?.formula ?? "";
    parameters = (info?.dials ?? []).map((dial) => ({ dial, value: dial.usual }));
    dials.replaceChildren(...parameters.map(slider));
  }

  function slider(parameter) {
    const { dial } = parameter;
    const shown = element("output", {}, number(parameter.value));
    const range = element("input", {
      type: "range", min: 0, max: STEPS, value: toSlider(dial, parameter.value), "aria-label": `${label}: ${dial.name}`,
      oninput: () => {
        parameter.value = fromSlider(dial, Number(range.value));
        shown.textContent = number(parameter.value);
        changed();
      },
    });
    return element("label", { className: "dial" }, element("span", {}, dial.name), range, shown);
  }

  function way() {
    const [kind, name] = select.value.split(":");
    const given = parameters.map(({ value }) => value).join(",");
    const rules = kind ? { [kind]: given ? `${name}(${given})` : name } : {};
    return first.value ? { ...rules, first: first.value } : rules;
  }

  select.value = usual;
  turn();
  const node = element(
    "div", { className: "way" }, element("label", { htmlFor: id }, label), select, dials, note,
    element("label", { className: "beside", htmlFor: first.id }, "first layer", first),
  );
  return { node, way };
}

const group = (label, kind, list) =>
  element("optgroup", { label }, list.map(({ name }) => element("option", { value: `${kind}:${name}` }, name)));
