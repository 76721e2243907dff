// Digits: draw one, and see what each pixel said.

import { asker, get } from "./api.js";
import { arrowStep, complain, element, number } from "./dom.js";
import { onLook, palette } from "./look.js";
import { pad } from "./pad.js";
import { account, paint, scaleOf } from "./paint.js";
import { wayPicker } from "./way.js";

const SHOWN = 10;

export async function startDigits(place, models) {
  const sheet = await get("/api/v1/samples/digits");
  const fitting = models.filter(({ takes }) => takes === "digits");
  const classes = Array.from({ length: 10 }, (_, digit) => digit);
  // What is explained: the class predicted, or one that was picked; and perhaps the class it is set against.
  const state = { input: { digit: 7 }, picked: null, against: null, first: 0, answer: null };

  const model = element("select", { id: "digit-model", onchange: ask }, fitting.map(({ name }) => element("option", {}, name)));
  const field = pad((strokes) => {
    state.input = strokes.length ? { strokes } : null;
    if (state.input) ask();
    else forget();
  });
  const samples = element("div", { className: "samples", role: "group", "aria-label": "Samples" });
  const bars = element("div", { className: "scores", role: "radiogroup", "aria-label": "Class to explain" });
  const follow = element("input", { type: "checkbox", id: "follow", checked: true, onchange: () => pick(follow.checked ? null : explained()) });
  const against = element(
    "select", { id: "against", onchange: () => setAgainst(against.value === "" ? null : Number(against.value)) },
    element("option", { value: "" }, "nothing"), classes.map((digit) => element("option", { value: digit }, String(digit))),
  );
  const trouble = element("div");
  const took = element("p", { className: "took", "aria-live": "off" });
  const ways = [["First rules", "rule:epsilon"], ["Second rules", "composite:epsilon-alpha2-beta1"]].map(([label, usual]) => {
    const picker = wayPicker(label, usual, ask);
    const map = element("canvas", { className: "heatmap", role: "img", width: 1, height: 1 });
    const about = element("div", { className: "about" });
    return { ...picker, map, about, card: element("div", { className: "card" }, picker.node, map, about) };
  });

  const send = asker("/api/v1/explain", {
    done: (answer, question, time) => {
      complain(trouble);
      took.textContent = `${Math.round(time)} ms from pen to heatmap`;
      if (state.input) show({ ...answer, asked: question.classes });
    },
    failed: (message) => complain(trouble, message),
    busy: (is) => place.setAttribute("aria-busy", is),
  });

  function ask() {
    if (!state.input) return;
    const wanted = [state.picked, state.against].filter((digit) => digit !== null);
    send({ model: model.value, input: state.input, ways: ways.map(({ way }) => way()), classes: wanted });
  }

  const explained = () => state.picked ?? state.answer?.scores[0].class ?? 0;

  function pick(digit) {
    state.picked = digit;
    if (digit === null) [state.against, against.value] = [null, ""];
    follow.checked = digit === null;
    if (state.answer) drawBars();
    ask();
  }

  // A difference needs a class that stays.
  function setAgainst(digit) {
    state.against = digit;
    pick(explained());
  }

  function show(answer) {
    state.answer = answer;
    drawBars();
    drawMaps();
  }

  function forget() {
    state.answer = null;
    took.textContent = "";
    complain(trouble);
    bars.replaceChildren(element("p", { className: "note" }, "Draw a digit, or pick a sample."));
    ways.forEach(({ map, about }) => {
      [map.width, map.height] = [1, 1];
      about.replaceChildren();
    });
  }

  function drawBars() {
    const scores = new Map(state.answer.scores.map((score) => [score.class, score.score]));
    const top = state.answer.scores[0].class;
    const [low, high] = [Math.min(0, ...scores.values()), Math.max(0, ...scores.values())];
    const at = (value) => (100 * (value - low)) / (high - low || 1);
    // Rows stay, so that the focus does.
    if (bars.children.length !== classes.length) bars.replaceChildren(...classes.map(row));
    [...bars.children].forEach((button, digit) => {
      const score = scores.get(digit) ?? 0;
      const chosen = digit === explained();
      button.setAttribute("aria-checked", chosen);
      button.tabIndex = chosen ? 0 : -1;
      button.classList.toggle("top", digit === top);
      const [, track, value] = button.children;
      const bar = track.firstChild;
      bar.style.left = `${at(Math.min(0, score))}%`;
      bar.style.width = `${at(Math.max(0, score)) - at(Math.min(0, score))}%`;
      bar.classList.toggle("below", score < 0);
      value.textContent = number(score);
    });
  }

  function row(digit) {
    return element(
      "button", {
        type: "button", role: "radio", "aria-checked": false,
        onclick: () => pick(digit),
        onkeydown: (event) => {
          const step = arrowStep(event);
          if (!step) return;
          const next = (digit + step + 10) % 10;
          bars.children[next].focus();
          pick(next);
        },
      },
      element("b", {}, String(digit)), element("span", { className: "track" }, element("i")), element("output"),
    );
  }

  function drawMaps() {
    const { explanations } = state.answer;
    ways.forEach(({ map, about }, way) => {
      const [one, other] = explanations.filter((explanation) => explanation.way === way);
      if (!one) return;
      const values = other ? one.relevance.values.map((value, index) => value - other.relevance.values[index]) : one.relevance.values;
      const scale = scaleOf(values);
      paint(map, { ...one.relevance, values }, palette(), scale);
      const what = other ? `${one.class} rather than ${other.class}` : `${one.class}`;
      map.setAttribute("aria-label", `Relevance of each pixel for ${what} by ${one.rules}`);
      const sum = other ? { started: one.started - other.started, arrived: one.arrived - other.arrived } : one;
      // There is no room here for why.
      about.replaceChildren(...account(palette(), scale, [what], { ...one, ...sum, why: null }));
    });
  }

  function drawSamples() {
    samples.replaceChildren(...classes.map((offset) => {
      const number = (state.first + offset) % sheet.pixels.length;
      const thumb = element("canvas", { width: 28, height: 28 });
      const pixels = new ImageData(28, 28);
      const ink = getComputedStyle(place).color.match(/\d+/g).map(Number);
      sheet.pixels[number].forEach((value, index) => pixels.data.set([...ink.slice(0, 3), value], 4 * index));
      thumb.getContext("2d").putImageData(pixels, 0, 0);
      return element(
        "button", { type: "button", "aria-label": `sample ${number}, a ${sheet.labels[number]}`, onclick: () => useSample(number) }, thumb,
      );
    }));
  }

  function useSample(number) {
    field.show(sheet.pixels[number]);
    state.input = { digit: number };
    ask();
  }

  place.append(
    element(
      "div", { className: "columns digits" },
      element(
        "div", { className: "card" },
        element("h2", {}, "Draw a digit"), field.node,
        element(
          "div", { className: "row" },
          element("button", { type: "button", id: "undo", onclick: field.undo }, "Undo"),
          element("button", { type: "button", id: "clear", onclick: field.clear }, "Clear"),
          element("button", {
            type: "button", id: "more",
            onclick: () => { state.first = (state.first + SHOWN) % sheet.pixels.length; drawSamples(); },
          }, "Other samples"),
        ),
        samples,
        element("p", { className: "note" }, "Mouse, finger or keys: arrows move the pen, Space puts it down and lifts it."),
      ),
      element(
        "div", { className: "card" },
        element("h2", {}, "What it says"),
        element("label", { htmlFor: "digit-model" }, "Network"), model, bars,
        element("label", { className: "check" }, follow, "explain what is predicted"),
        element("label", { htmlFor: "against" }, "rather than"), against,
        took, trouble,
      ),
      ...ways.map(({ card }) => card),
    ),
  );
  onLook(() => {
    field.redraw();
    drawSamples();
    if (state.answer) drawMaps();
  });
  drawSamples();
  useSample(7);
  return { input: () => state.input, models: fitting };
}
