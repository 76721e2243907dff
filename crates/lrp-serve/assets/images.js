// Images: what is on a photo, and which pixels said so, for each of the five likeliest classes.

import { asker, get } from "./api.js";
import { arrowStep, complain, element, number } from "./dom.js";
import { onLook, palette } from "./look.js";
import { account, decode, paint, scaleOf } from "./paint.js";
import { wayPicker } from "./way.js";

const TOP = 5;
// The part of all values that colours tell apart; the few beyond look like the largest of them.
const COUNTED = 0.99;
// Photos with longer sides are made smaller before they are sent.
const LONGEST = 2048;

export async function startImages(place, models) {
  const { photos } = await get("/api/v1/samples");
  const fitting = models.filter(({ takes }) => takes === "pictures");
  const state = { input: { photo: photos[0].name }, answer: null, picture: null, rank: 0 };

  const model = element("select", { id: "image-model", onchange: ask }, fitting.map(({ name }) => element("option", {}, name)));
  const file = element("input", { type: "file", id: "file", accept: "image/png,image/jpeg", onchange: () => upload(file.files[0]) });
  const thumbs = element("div", { className: "photos", role: "group", "aria-label": "Bundled photos" }, photos.map((photo) => element(
    "button", { type: "button", title: photo.about, "aria-label": photo.about, onclick: () => use({ photo: photo.name }) },
    element("img", { src: `/api/v1/samples/photos/${photo.name}`, alt: "" }),
  )));
  const strength = element("input", { type: "range", id: "strength", min: 0, max: 100, value: 75, oninput: draw });
  const picker = wayPicker("Rules", "", ask);
  const classes = element("div", { className: "classes", role: "radiogroup", "aria-label": "Class to explain" });
  const map = element("canvas", { className: "heatmap photo", role: "img", width: 1, height: 1 });
  const about = element("div", { className: "about" });
  const trouble = element("div");

  const send = asker("/api/v1/explain", {
    done: async (answer) => {
      complain(trouble);
      [state.answer, state.rank] = [answer, Math.min(state.rank, answer.explanations.length - 1)];
      state.picture = answer.picture && await decode(answer.picture);
      list();
      draw();
    },
    failed: (message) => complain(trouble, message),
    busy: (is) => place.setAttribute("aria-busy", is),
  });

  function ask() {
    const { classes } = fitting.find(({ name }) => name === model.value);
    const top = Math.min(TOP, classes.length || TOP);
    send({ model: model.value, input: state.input, ways: [picker.way()], top });
  }

  function use(input) {
    [state.input, state.rank] = [input, 0];
    ask();
  }

  async function upload(chosen) {
    if (!chosen) return;
    try {
      use({ picture: await base64(await reduced(chosen)) });
    } catch {
      complain(trouble, `${chosen.name}: is no picture that this browser can read`);
    }
  }

  function list() {
    const { explanations, scores } = state.answer;
    const named = new Map(scores.map((score) => [score.class, score]));
    const reach = Math.max(...scores.map(({ score }) => Math.abs(score)), 1e-9);
    if (classes.children.length !== explanations.length) classes.replaceChildren(...explanations.map((_, rank) => row(rank)));
    explanations.forEach((explanation, rank) => {
      const { name, score } = named.get(explanation.class);
      const button = classes.children[rank];
      const [thumb, label, track, value] = button.children;
      paint(thumb, explanation.relevance, palette(), scaleOf(explanation.relevance.values, COUNTED));
      label.textContent = name;
      track.firstChild.style.width = `${(100 * Math.abs(score)) / reach}%`;
      track.firstChild.classList.toggle("below", score < 0);
      value.textContent = number(score);
      button.setAttribute("aria-checked", rank === state.rank);
      button.tabIndex = rank === state.rank ? 0 : -1;
    });
  }

  function row(rank) {
    return element(
      "button", {
        type: "button", role: "radio", onclick: () => pick(rank),
        onkeydown: (event) => {
          const step = arrowStep(event);
          if (!step) return;
          const count = classes.children.length;
          pick((rank + step + count) % count);
          classes.children[state.rank].focus();
        },
      },
      element("canvas", { width: 1, height: 1, "aria-hidden": "true" }), element("b"),
      element("span", { className: "track" }, element("i")), element("output"),
    );
  }

  function pick(rank) {
    state.rank = rank;
    list();
    draw();
  }

  function draw() {
    const explanation = state.answer?.explanations[state.rank];
    if (!explanation) return;
    const { relevance, rules } = explanation;
    const scale = scaleOf(relevance.values, COUNTED);
    const { name } = state.answer.scores.find((score) => score.class === explanation.class);
    paint(map, relevance, palette(), scale, state.picture, Number(strength.value) / 100);
    map.setAttribute("aria-label", `Relevance of each pixel for ${name} by ${rules}`);
    about.replaceChildren(...account(palette(), scale, [element("b", {}, name)], explanation));
  }

  place.append(
    element(
      "div", { className: "columns images" },
      element(
        "div", { className: "card" },
        element("h2", {}, "Choose a photo"),
        thumbs,
        element("label", { htmlFor: "file" }, "or one of your own (PNG or JPEG; it stays on this machine)"), file,
        element("label", { htmlFor: "image-model" }, "Network"), model,
        picker.node,
        element("label", { htmlFor: "strength" }, "Overlay"), strength,
        trouble,
      ),
      element("div", { className: "card" }, map, about),
      element("div", { className: "card" }, element("h2", {}, "What it says"), classes),
    ),
  );
  onLook(() => {
    if (!state.answer) return;
    list();
    draw();
  });
  return { input: () => state.input, models: fitting, start: () => state.answer ?? ask() };
}

// The file, or a smaller picture where its sides are too long.
async function reduced(file) {
  const bitmap = await createImageBitmap(file);
  const longest = Math.max(bitmap.width, bitmap.height);
  if (longest <= LONGEST) return file;
  const size = (side) => Math.max(1, Math.round((side * LONGEST) / longest));
  const canvas = new OffscreenCanvas(size(bitmap.width), size(bitmap.height));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/png" });
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = reject;
    reader.readAsDataURL(blob);
  });
}
