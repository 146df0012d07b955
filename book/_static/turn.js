// Figures with a slider. The page holds their data, see mempaper/plotting/interactive.py; nothing is
// fetched, so they work from a file.
(() => {
  "use strict";
  const WIDTH = 420, HEIGHT = 290, LEFT = 72, RIGHT = 14, TOP = 14, BOTTOM = 48;
  const DASHES = ["", "7 4", "8 3 2 3", "2 3"];
  const INK = "#333333";
  let count = 0;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function draw(parent, tag, attributes = {}, text = "") {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    parent.append(element);
    return element;
  }

  function canvas(panel, extent = HEIGHT) {
    return draw(make("div"), "svg", {
      viewBox: `0 0 ${WIDTH} ${extent}`, role: "img", "aria-label": describe(panel),
    });
  }

  function describe(panel) {
    return [panel.title, panel.y && `${panel.y} against ${panel.x}`].filter(Boolean).join(": ");
  }

  // An axis: place(value) is where it stands between two ends; ticks are round values.
  function axis(values, from, to, log) {
    let low = Math.min(...values), high = Math.max(...values);
    if (log) [low, high] = [Math.log10(low), Math.log10(high)];
    const margin = 0.06 * (high - low || Math.abs(high) || 1);
    low -= margin;
    high += margin;
    const place = (value) =>
      from + ((log ? Math.log10(value) : value) - low) / (high - low) * (to - from);
    return { place, ticks: log ? logTicks(low, high) : ticks(low, high) };
  }

  function ticks(low, high) {
    const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((each) => each * power >= rough);
    const found = [];
    for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(+(i * step).toPrecision(6));
    return found;
  }

  function logTicks(low, high) {
    const found = [];
    for (let power = Math.floor(low); power <= high; power++)
      for (const digit of high - low > 2 ? [1] : [1, 2, 5]) {
        const at = power + Math.log10(digit);
        if (at >= low && at <= high) found.push(+(digit * 10 ** power).toPrecision(3));
      }
    return found;
  }

  const short = (value) => String(+value.toPrecision(4)).replace("-", "\u2212");

  function frame(svg, x, y, panel, labels) {
    for (const tick of y.ticks) {
      const at = y.place(tick);
      draw(svg, "line", { x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at, stroke: "#e4e4e4" });
      const text = panel.percent ? short(100 * tick) : short(tick);
      draw(svg, "text", { x: LEFT - 6, y: at + 4, "text-anchor": "end" }, text);
    }
    for (const tick of labels) {
      const at = x.place(tick);
      draw(svg, "line", { x1: at, x2: at, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM + 4, stroke: INK });
      draw(svg, "text", { x: at, y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, short(tick));
    }
    draw(svg, "path", {
      d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}`, fill: "none", stroke: INK,
    });
    const middle = (LEFT + WIDTH - RIGHT) / 2;
    draw(svg, "text", { x: middle, y: HEIGHT - 8, "text-anchor": "middle" }, panel.x);
    draw(svg, "text", {
      transform: `translate(13 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`, "text-anchor": "middle",
    }, panel.y ?? "share of images");
  }

  // Values of which no two labels touch, in the order of the axis.
  function sparse(values, place) {
    const kept = [];
    for (const value of [...new Set(values)].sort((a, b) => a - b))
      if (!kept.length || place(value) - place(kept.at(-1)) > 44) kept.push(value);
    return kept;
  }

  function legend(entries) {
    const list = make("ul", { class: "mempaper-turn-legend" });
    for (const { name, color, dash } of entries) {
      const mark = draw(list.appendChild(make("li")), "svg", { viewBox: "0 0 28 10", "aria-hidden": "true" });
      if (dash === undefined) draw(mark, "circle", { cx: 14, cy: 5, r: 4.5, fill: color, stroke: INK, "stroke-width": 0.6 });
      else draw(mark, "line", { x1: 1, x2: 27, y1: 5, y2: 5, stroke: color, "stroke-width": 4, "stroke-dasharray": dash });
      list.lastChild.append(name);
    }
    return list;
  }

  const PANELS = {
    curves(panel) {
      const svg = canvas(panel), points = panel.curves.flatMap((curve) => curve.points);
      const heights = [...points.flatMap((point) => point.slice(1)), ...Object.values(panel.lines)];
      const drawn = heights.filter((value) => value !== null && (!panel.log_y || value > 0));
      const x = axis(panel.at, LEFT, WIDTH - RIGHT, panel.log_x);
      const y = axis(drawn, HEIGHT - BOTTOM, TOP, panel.log_y);
      const floor = Math.min(...drawn);
      const height = (value) => y.place(panel.log_y ? Math.max(value, floor) : value);
      frame(svg, x, y, panel, panel.log_x ? sparse(panel.at, x.place) : x.ticks);
      const cursor = draw(svg, "line", {
        y1: TOP, y2: HEIGHT - BOTTOM, stroke: INK, "stroke-width": 2, "stroke-opacity": 0.45,
      });
      for (const value of Object.values(panel.lines))
        draw(svg, "line", {
          x1: LEFT, x2: WIDTH - RIGHT, y1: y.place(value), y2: y.place(value),
          stroke: INK, "stroke-dasharray": "5 4",
        });
      const dots = panel.curves.map((curve, number) => {
        const shift = (number - (panel.curves.length - 1) / 2) * 5;
        const path = curve.points.map(([at, value]) => `${x.place(at) + shift} ${height(value)}`);
        draw(svg, "path", {
          d: `M${path.join("L")}`, fill: "none", stroke: curve.color, "stroke-width": 2,
          "stroke-dasharray": DASHES[number % 4],
        });
        return curve.points.map(([at, value, low, high]) => {
          const where = x.place(at) + shift;
          if (low !== null && high !== null)
            draw(svg, "line", { x1: where, x2: where, y1: height(low), y2: height(high), stroke: curve.color });
          return draw(svg, "circle", { cx: where, cy: height(value), fill: curve.color, stroke: "#fff" });
        });
      });
      const entries = panel.curves.map(({ name, color }, n) => ({ name, color, dash: DASHES[n % 4] }));
      for (const name of Object.keys(panel.lines)) entries.push({ name, color: INK, dash: "5 4" });
      return {
        body: [svg, legend(entries)],
        turn(position) {
          const at = x.place(panel.at[position]);
          cursor.setAttribute("x1", at);
          cursor.setAttribute("x2", at);
          for (const of of dots) of.forEach((dot, i) => dot.setAttribute("r", i === position ? 7 : 4));
        },
      };
    },

    histograms(panel) {
      const svg = canvas(panel);
      const x = axis(panel.edges, LEFT, WIDTH - RIGHT, true);
      const top = Math.max(...panel.sets.flatMap((set) => set.heights.flat()));
      const y = axis([0, top], HEIGHT - BOTTOM, TOP, false);
      frame(svg, x, y, { ...panel, percent: true, y: "share of images (%)" }, x.ticks);
      const shapes = panel.sets.map(({ color }, number) => ({
        area: draw(svg, "path", { fill: color, "fill-opacity": 0.4, stroke: color, "stroke-width": 1.5 }),
        median: draw(svg, "line", {
          y1: TOP, y2: HEIGHT - BOTTOM, stroke: color, "stroke-width": 2.5, "stroke-dasharray": DASHES[number % 4],
        }),
      }));
      const entries = panel.sets.map(({ name, color }, n) => ({
        name: `${name}, line: median`, color, dash: DASHES[n % 4],
      }));
      return {
        body: [svg, legend(entries)],
        turn(position) {
          panel.sets.forEach((set, number) => {
            const { area, median } = shapes[number];
            const steps = set.heights[position].map(
              (height, i) => `V${y.place(height)}H${x.place(panel.edges[i + 1])}`);
            const base = y.place(0);
            area.setAttribute("d", `M${x.place(panel.edges[0])} ${base}${steps.join("")}V${base}Z`);
            for (const end of ["x1", "x2"]) median.setAttribute(end, x.place(set.medians[position]));
          });
        },
      };
    },

    pictures(panel) {
      const [width, height] = panel.size;
      const image = make("img", { width, height, alt: "" });
      const rows = make("div", { class: "mempaper-turn-rows", "aria-hidden": "true" });
      rows.append(...panel.rows.map((row) => make("span", {}, row)));
      const named = panel.rows.some((row) => Number.isNaN(+row));
      const box = make("div", { class: "mempaper-turn-pictures" }, ...(named ? [rows, image] : [image]));
      box.style.setProperty("--ratio", width / height);
      return {
        body: [box],
        turn(position, told) {
          image.src = panel.sources[position];
          image.alt = `${panel.title}${named ? `; rows: ${panel.rows.join(", ")}` : ""}. ${told}`;
        },
      };
    },

    points(panel, choose) {
      const svg = canvas(panel, WIDTH), all = panel.sets.flatMap((set) => set.points);
      const x = axis(all.map(([at]) => at), 8, WIDTH - 8, false);
      const y = axis(all.map(([, at]) => at), WIDTH - 8, 8, false);
      const dots = panel.sets.map(({ color, points }, number) => points.map(([a, b]) => draw(
        svg, "circle", { cx: x.place(a), cy: y.place(b), r: number ? 4.5 : 3.5, fill: color, stroke: INK, "stroke-width": 0.6 })));
      const last = panel.sets.at(-1).points.map(([a, b]) => [x.place(a), y.place(b)]);
      const ring = draw(svg, "circle", { r: 10, fill: "none", stroke: INK, "stroke-width": 2.5 });
      const nearest = (event) => {
        const box = svg.getBoundingClientRect(), scale = WIDTH / box.width;
        const [a, b] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
        const away = last.map(([c, d]) => (a - c) ** 2 + (b - d) ** 2);
        choose(away.indexOf(Math.min(...away)));
      };
      svg.addEventListener("pointermove", nearest);
      svg.addEventListener("pointerdown", nearest);
      return {
        body: [svg, legend(panel.sets.map(({ name, color }) => ({ name, color })))],
        turn(position) {
          ring.setAttribute("cx", last[position][0]);
          ring.setAttribute("cy", last[position][1]);
          svg.append(dots.at(-1)[position], ring);
        },
      };
    },
  };

  function show(place, view) {
    const identity = `mempaper-turn-${count++}`;
    const slider = make("input", {
      type: "range", min: 0, max: view.values.length - 1, step: 1, value: 0, id: identity,
    });
    const value = make("output", { for: identity });
    const told = make("p", { class: "mempaper-turn-told", "aria-live": "polite" });
    const choose = (position) => {
      slider.value = position;
      turn();
    };
    const panels = view.panels.map((panel) => PANELS[panel.kind](panel, choose));
    const turn = () => {
      const position = +slider.value;
      value.textContent = view.values[position];
      slider.setAttribute("aria-valuetext", view.values[position]);
      told.textContent = view.told[position];
      for (const panel of panels) panel.turn(position, view.told[position]);
    };
    slider.addEventListener("input", turn);
    const cards = panels.map(({ body }, number) => make(
      "div", { class: "mempaper-turn-card" },
      make("p", { class: "mempaper-turn-title" }, view.panels[number].title), ...body));
    place.replaceChildren(
      make("div", { class: "mempaper-turn-knob" }, make("label", { for: identity }, view.label), slider, value),
      told,
      make("div", { class: "mempaper-turn-cards" }, ...cards),
    );
    turn();
  }

  function start(figure) {
    const data = JSON.parse(figure.querySelector("script").textContent);
    const place = make("div");
    figure.replaceChildren(place);
    if (data.views.length > 1) {
      const choice = make("fieldset", {}, make("legend", {}, data.choice));
      data.views.forEach((view, number) => {
        const radio = make("input", { type: "radio", name: `mempaper-turn-choice-${count}` });
        radio.checked = !number;
        radio.addEventListener("change", () => show(place, view));
        choice.append(make("label", {}, radio, ` ${view.name}`));
      });
      figure.prepend(choice);
    }
    show(place, data.views[0]);
  }

  const startAll = () => document.querySelectorAll(".mempaper-turn").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
