// Draws what the server describes. A description is data: a tag, attributes and children from short
// lists, text as text. Nothing in it is ever parsed as HTML or run, whoever wrote the words.
import { h, nextTick } from "vue";

const TAGS = new Set(
  ("a article aside b bdi br button caption circle code dd details div dl dt em fieldset figcaption figure footer " +
    "g h1 h2 h3 header hr i input label legend li line main meter nav ol option p path rect section select small span " +
    "strong sub summary sup svg table tbody td text tfoot th thead time title tr ul").split(" "),
);
const ATTRIBUTES =
  /^(aria-[a-z]+|data-head|class|colspan|cx|cy|d|datetime|dir|fill|for|height|href|id|key|lang|max|min|name|open|points|preserveAspectRatio|r|rx|role|scope|selected|style|tabindex|title|transform|type|value|viewBox|width|x|x1|x2|y|y1|y2|placeholder|checked|disabled|list|autocomplete|inputmode|text-anchor)$/;
const STYLE = /^(--[a-z]+|left|top|width|height|bottom|right): ?-?[\d.]+(%|px|)$/;
const ICONS = {
  overview: "M3 12l9-8 9 8M5 10v10h5v-6h4v6h5V10",
  models: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12L4 7.5",
  decisions: "M5 6h14M5 12h14M5 18h9M17 17l1.6 1.6L22 15",
  performance: "M4 20V10M10 20V4M16 20v-7M21 20H3",
  drift: "M3 14c3-8 6-8 9 0s6 8 9 0",
  data: "M4 6c0-3 16-3 16 0s-16 3-16 0zM4 6v12c0 3 16 3 16 0V6M4 12c0 3 16 3 16 0",
  signals: "M4 12h4l2-6 4 12 2-6h4",
  system: "M4 5h16v10H4zM9 20h6M12 15v5",
  stop: "M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16.2v.1",
  play: "M7 4l13 8-13 8z",
  system_theme: "M4 5h16v11H4zM9 20h6",
  light_theme: "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
  dark_theme: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
  good: "M5 12.5l4.5 4.5L19 7.5",
  bad: "M6 6l12 12M18 6L6 18",
  warning: "M12 4l9.5 16.5h-19zM12 10v5M12 17.6v.1",
  info: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 11v6M12 7.4v.1",
  wait: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 7v5l3.5 2",
  next: "M9 5l7 7-7 7",
  back: "M15 5l-7 7 7 7",
  out: "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
};
const THEMES = { system: "as the system", light: "light", dark: "dark" };

const icon = (name) =>
  h("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, [
    h("path", { d: ICONS[name] ?? ICONS.info }),
  ]);

const attributes = (given) => {
  const kept = {};
  for (const [name, value] of Object.entries(given)) {
    if (!ATTRIBUTES.test(name)) continue;
    if (name === "href" && !/^[/?#](?![/\\])/.test(value)) continue;
    if (name === "style" && !String(value).split(";").every((part) => STYLE.test(part.trim()))) continue;
    kept[name] = value;
  }
  return kept;
};

const words = (seconds) => {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 172800) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} days`;
};

// How long ago something was, by this machine's clock; counts on by itself.
const Ago = {
  props: { at: Number },
  data: () => ({ now: Date.now() }),
  mounted() {
    this.timer = setInterval(() => (this.now = Date.now()), 1000);
  },
  unmounted() {
    clearInterval(this.timer);
  },
  render() {
    const told = `${words((this.now - this.at) / 1000)} ago`;
    return h("time", { datetime: new Date(this.at).toISOString() }, told);
  },
};

// Lines over time; the pointer or the arrow keys show exact values.
const Plot = {
  props: { spec: Object },
  data: () => ({ at: -1 }),
  computed: {
    hover() {
      return JSON.parse(this.spec.hover);
    },
  },
  methods: {
    move(event) {
      const edge = this.$refs.box.getBoundingClientRect();
      const x = (2000 * (event.clientX - edge.left)) / edge.width;
      const xs = this.hover.x;
      const after = xs.findIndex((value) => value >= x);
      const right = after < 0 ? xs.length - 1 : after;
      this.at = right > 0 && x - xs[right - 1] < xs[right] - x ? right - 1 : right;
    },
    key(event) {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const last = this.hover.x.length - 1;
      this.at = this.at < 0 ? last : Math.min(last, Math.max(0, this.at + step));
    },
    card() {
      const { x, t, s } = this.hover;
      if (this.at < 0 || this.at >= x.length) return [];
      const left = `${x[this.at] / 20}%`;
      const rows = s.map(([name, css, values]) =>
        h("span", {}, [h("em", { class: `key ${css}` }, name), h("b", {}, values[this.at])]),
      );
      return [
        h("i", { class: "cursor", style: { left } }),
        h("div", { class: ["hint", x[this.at] > 1100 && "flip"], style: { left } }, [
          h("time", {}, t[this.at]),
          ...rows,
        ]),
      ];
    },
  },
  render() {
    const { label, height, curves, xs, ys, pins } = this.spec;
    const shapes = [
      ...xs.map(([p]) => h("path", { class: "grid", d: `M${Math.round(p * 20)},0V1000` })),
      ...ys.map(([p, name]) =>
        h("path", { class: ["grid", (name === "0%" || name === "1") && "zero"], d: `M0,${Math.round(p * 10)}H2000` }),
      ),
      ...pins.map(([p, kind]) => h("path", { class: ["pin", kind], d: `M${Math.round(p * 20)},0V1000` })),
    ];
    for (const { css, path, area } of curves) {
      if (area) shapes.push(h("path", { class: ["area", css], d: area }));
      shapes.push(h("path", { class: ["curve", css], d: path }));
    }
    const said = this.at >= 0 ? `${this.hover.t[this.at]}: ${this.hover.s.map(([n, , v]) => `${n} ${v[this.at]}`).join(", ")}` : "";
    return h("div", { class: "plotted" }, [
      h(
        "div",
        {
          ref: "box", class: ["plot", pins.length && "pinned"], style: { height: `${height}px` }, role: "group",
          tabindex: 0, "aria-label": `${label} Arrow keys read values.`,
          onPointermove: this.move, onPointerdown: this.move, onPointerleave: () => (this.at = -1),
          onBlur: () => (this.at = -1), onKeydown: this.key,
        },
        [
          h("svg", { viewBox: "0 0 2000 1000", preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" }, shapes),
          ...ys.map(([p, name]) => h("span", { class: "y", style: { top: `${p}%` }, "aria-hidden": "true" }, name)),
          ...pins.map(([p, kind, text, glyph]) =>
            h("span", { class: ["glyph", kind], style: { left: `${p}%` }, title: text, "aria-hidden": "true" }, glyph),
          ),
          ...this.card(),
        ],
      ),
      h("div", { class: "x", "aria-hidden": "true" }, xs.map(([p, name]) => h("span", { style: { left: `${p}%` } }, name))),
      h("span", { class: "sr", role: "status" }, said),
    ]);
  },
};

// Asks whether an order is meant, and why.
const Ask = {
  props: { ask: Object, busy: Boolean },
  emits: ["order", "close"],
  data: () => ({ reason: "", detail: {}, missing: "" }),
  mounted() {
    for (const choice of this.ask.choices) this.detail[choice.name] = choice.options[0]?.[0] ?? "";
    this.$refs.box.showModal();
    nextTick(() => this.$refs.reason.focus());
  },
  methods: {
    send(event) {
      event.preventDefault();
      if (this.busy) return;
      if (!this.reason.trim()) {
        this.missing = "Write a few words: every order is on record with its reason.";
        this.$refs.reason.focus();
        return;
      }
      const open = this.ask.ticks.find((tick) => tick.required && !this.detail[tick.name]);
      if (open) {
        this.missing = `Tick “${open.label}” first.`;
        return;
      }
      const { kind, subject } = this.ask;
      this.$emit("order", { kind, subject, reason: this.reason, detail: { ...this.detail } });
    },
  },
  render() {
    const { title, text, verb, danger, ticks, choices } = this.ask;
    const set = (name) => (event) => (this.detail[name] = event.target.type === "checkbox" ? event.target.checked : event.target.value);
    return h("dialog", { ref: "box", class: "ask", "aria-labelledby": "ask-title", "aria-describedby": "ask-text", onClose: () => this.$emit("close") }, [
      h("form", { onSubmit: this.send, novalidate: true }, [
        h("h2", { id: "ask-title" }, title),
        h("div", { id: "ask-text" }, text.map((line) => h("p", {}, line))),
        ...choices.map(({ name, label, options }) =>
          h("label", { class: "field" }, [
            h("span", {}, label),
            h("select", { value: this.detail[name], onChange: set(name) }, options.map(([value, said]) => h("option", { value }, said))),
          ]),
        ),
        h("label", { class: "field" }, [
          h("span", {}, "Reason (kept on record)"),
          h("textarea", {
            ref: "reason", rows: 2, maxlength: 500, value: this.reason, required: true,
            "aria-invalid": this.missing ? "true" : undefined, "aria-describedby": this.missing ? "ask-missing" : undefined,
            onInput: (event) => ((this.reason = event.target.value), (this.missing = "")),
          }),
        ]),
        ...ticks.map(({ name, label }) =>
          h("label", { class: "tick" }, [h("input", { type: "checkbox", onChange: set(name) }), h("span", {}, label)]),
        ),
        this.missing ? h("p", { id: "ask-missing", class: "missing", role: "alert" }, this.missing) : null,
        h("div", { class: "row end" }, [
          h("button", { type: "button", class: "quiet", onClick: () => this.$refs.box.close() }, "Cancel"),
          h("button", { type: "submit", class: danger ? "danger solid" : "solid", "aria-disabled": this.busy ? "true" : undefined }, this.busy ? "Sending …" : verb),
        ]),
      ]),
    ]);
  },
};

export default {
  props: { tree: String, title: String, url: String, answer: Object },
  emits: ["go", "order"],
  data: () => ({ asked: null, sending: false, waiting: false, told: null, theme: localStorage.edgekeeperTheme ?? "system" }),
  computed: {
    nodes() {
      return JSON.parse(this.tree);
    },
  },
  mounted() {
    document.title = this.title;
    this.arrived = this.url;
    addEventListener("popstate", this.back);
    this.showTab();
  },
  unmounted() {
    removeEventListener("popstate", this.back);
  },
  watch: {
    url(now) {
      this.waiting = false;
      const path = (url) => url.split("?")[0];
      const moved = path(now) !== path(this.arrived);
      this.arrived = now;
      document.title = this.title;
      if (moved)
        nextTick(() => {
          scrollTo(0, 0);
          document.getElementById("heading")?.focus({ preventScroll: true });
          this.showTab();
        });
    },
    title(now) {
      document.title = now;
    },
    answer(now) {
      if (!now) return;
      this.sending = false;
      this.told = now;
      if (!now.keep) this.asked = null;
      clearTimeout(this.fading);
      if (now.tone === "good") this.fading = setTimeout(() => (this.told = null), 12000);
    },
  },
  methods: {
    go(url, push = true) {
      if (push) history.pushState(null, "", url);
      this.waiting = true;
      this.$emit("go", url);
    },
    back() {
      this.go(location.pathname + location.search, false);
    },
    showTab() {
      const nav = this.$el.querySelector?.("nav.rooms ul");
      const here = nav?.querySelector("[aria-current]");
      if (here) nav.scrollLeft = here.offsetLeft - nav.clientWidth / 2 + here.clientWidth / 2;
    },
    follow(event) {
      const link = event.currentTarget;
      if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const to = new URL(link.href);
      if (link.getAttribute("href").startsWith("#") || to.pathname.startsWith("/log")) return;
      event.preventDefault();
      this.go(to.pathname + to.search);
    },
    filter(event) {
      event.preventDefault();
      const query = new URLSearchParams();
      for (const [name, value] of new FormData(event.currentTarget.closest("form"))) if (value) query.append(name, value);
      const text = query.toString();
      this.go(location.pathname + (text ? `?${text}` : ""));
    },
    order(wish) {
      this.sending = true;
      this.$emit("order", wish);
    },
    turn() {
      const names = Object.keys(THEMES);
      this.theme = names[(names.indexOf(this.theme) + 1) % names.length];
      if (this.theme === "system") localStorage.removeItem("edgekeeperTheme");
      else localStorage.edgekeeperTheme = this.theme;
      document.documentElement.dataset.theme = this.theme;
    },
    build(node) {
      if (typeof node === "string") return node;
      const [tag, given, ...children] = node;
      const kept = attributes(given);
      const inside = () => children.map(this.build);
      switch (tag) {
        case "icon":
          return icon(given.name);
        case "ago":
          return h(Ago, { at: given.at });
        case "plot":
          return h(Plot, { spec: given.spec, key: given.key });
        case "ask":
          return h("button", { ...kept, type: "button", onClick: () => ((this.told = null), (this.asked = given.ask)) }, inside());
        case "theme": {
          const label = `Colours: ${THEMES[this.theme]}. Change`;
          return h("button", { type: "button", class: "plain", "aria-label": label, title: label, onClick: this.turn }, [icon(`${this.theme}_theme`)]);
        }
        case "filters":
          return h("form", { ...kept, onSubmit: this.filter, onChange: this.filter }, inside());
        case "a":
          return h("a", { ...kept, onClick: this.follow }, inside());
        default:
          if (!TAGS.has(tag)) return null;
          return h(tag, kept, inside());
      }
    },
    toast() {
      const { text, tone } = this.told ?? {};
      return h("div", { class: "toasts", role: "status", "aria-live": "polite" }, [
        text
          ? h("div", { class: `toast ${tone}` }, [
              icon(tone === "good" ? "good" : "warning"),
              h("p", {}, text),
              h("button", { type: "button", class: "plain", "aria-label": "Close this message", onClick: () => (this.told = null) }, [icon("bad")]),
            ])
          : null,
      ]);
    },
  },
  render() {
    return h("div", { class: ["board", this.waiting && "waiting"] }, [
      ...this.nodes.map(this.build),
      this.toast(),
      this.asked
        ? h(Ask, { key: `${this.asked.kind} ${this.asked.subject}`, ask: this.asked, busy: this.sending, onOrder: this.order, onClose: () => ((this.asked = null), (this.sending = false)) })
        : null,
    ]);
  },
};
