// Texts: which words said what a text is about.

import { asker, get } from "./api.js";
import { arrowStep, complain, element, number } from "./dom.js";
import { onLook, palette } from "./look.js";
import { account, colorsOf, scaleOf } from "./paint.js";
import { wayPicker } from "./way.js";

// Classes explained at once; of more, those with the highest scores.
const MOST = 10;

export async function startTexts(place, models) {
  const { texts } = await get("/api/v1/samples");
  const fitting = models.filter(({ takes }) => takes === "texts");
  // The class that was picked; none means the one that is predicted.
  const state = { answer: null, picked: null };

  const model = element("select", { id: "text-model", onchange: restart }, fitting.map(({ name }) => element("option", {}, name)));
  const sample = element("select", { id: "text-sample", onchange: take });
  const field = element("textarea", { id: "text", rows: 9, spellcheck: false, oninput: typed });
  const picker = wayPicker("Rules", "", ask);
  const words = element("p", { className: "words", id: "words" });
  const about = element("div", { className: "about" });
  const scores = element("div", { className: "scores topics", role: "radiogroup", "aria-label": "Class to explain" });
  const trouble = element("div");

  const send = asker("/api/v1/explain", {
    done: (answer) => {
      complain(trouble);
      state.answer = answer;
      draw();
    },
    failed: (message) => complain(trouble, message),
    busy: (is) => place.setAttribute("aria-busy", is),
  });

  const chosen = () => fitting.find(({ name }) => name === model.value);
  const own = () => texts.filter((text) => text.model === model.value);
  const explained = () =>
    state.answer.explanations.find((one) => one.class === state.picked) ?? state.answer.explanations.find((one) => one.class === state.answer.scores[0].class);

  function restart() {
    sample.replaceChildren(
      ...own().map(({ name, class: of }) => element("option", { value: name }, of)),
      element("option", { value: "" }, "your own words"),
    );
    take();
  }

  function take() {
    const text = own().find(({ name }) => name === sample.value)?.text ?? "";
    state.picked = null;
    field.value = text;
    if (text) ask();
    else field.focus();
  }

  function typed() {
    sample.value = "";
    ask();
  }

  function ask() {
    if (!field.value.trim()) {
      state.answer = null;
      complain(trouble);
      [words, about, scores].forEach((part) => part.replaceChildren());
      return;
    }
    const { classes } = chosen();
    const wanted = classes.length > 0 && classes.length <= MOST ? { classes: classes.map((_, index) => index) } : { top: MOST };
    send({ model: model.value, input: { text: field.value }, ways: [picker.way()], ...wanted });
  }

  function draw() {
    const { text, explanations } = state.answer;
    const explanation = explained();
    const { values } = explanation.relevance;
    const scale = scaleOf(values);
    const { name } = state.answer.scores.find((score) => score.class === explanation.class);
    let at = 0;
    words.replaceChildren(...text.map((piece) => (piece.known === null ? piece.text : word(piece, values[at++], scale))));
    words.setAttribute("aria-label", `The text, its words coloured by relevance for ${name}`);
    about.replaceChildren(...account(palette(), scale, [element("b", {}, name)], explanation));
    list(new Set(explanations.map((one) => one.class)), explanation.class);
  }

  function word({ text, known }, value, scale) {
    const span = element("span", { title: `${number(value)}${known ? "" : ", a word that is not known"}` }, text);
    const { ground, ink } = colorsOf(palette(), scale > 0 ? value / scale : 0);
    [span.style.background, span.style.color] = [ground, ink];
    return span;
  }

  function list(pickable, picked) {
    const shown = state.answer.scores.filter((score) => pickable.has(score.class)).sort((one, other) => one.class - other.class);
    const reach = Math.max(...shown.map(({ score }) => Math.abs(score)), 1e-9);
    scores.replaceChildren(...shown.map(({ class: of, name, score }) => {
      const bar = element("i");
      bar.style.width = `${(100 * Math.abs(score)) / reach}%`;
      bar.classList.toggle("below", score < 0);
      return element(
        "button", {
          type: "button", role: "radio", "aria-checked": of === picked, tabIndex: of === picked ? 0 : -1,
          onclick: () => pick(of),
          onkeydown: (event) => {
            const step = arrowStep(event);
            if (!step) return;
            const order = shown.map((one) => one.class);
            pick(order[(order.indexOf(of) + step + order.length) % order.length]);
          },
        },
        element("b", {}, name), element("span", { className: "track" }, bar), element("output", {}, number(score)),
      );
    }));
  }

  // The buttons are made anew, and the keys should go to the new one.
  function pick(of) {
    state.picked = of;
    draw();
    scores.querySelector("[aria-checked=true]").focus();
  }

  place.append(
    element(
      "div", { className: "columns texts" },
      element(
        "div", { className: "card" },
        element("h2", {}, "Write a text"),
        element("label", { htmlFor: "text-model" }, "Network"), model,
        element("label", { htmlFor: "text-sample" }, "Text"), sample,
        field, picker.node, trouble,
      ),
      element("div", { className: "card" }, element("h2", {}, "Which words said so"), words, about),
      element("div", { className: "card" }, element("h2", {}, "What it says"), scores),
    ),
  );
  onLook(() => state.answer && draw());
  const input = () => (field.value.trim() ? { text: field.value } : null);
  if (fitting.length > 0) restart();
  return { input, models: fitting };
}
