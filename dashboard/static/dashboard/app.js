// Cutover's own script. Pages work without it; it adds the live feed, keys and small comforts.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const body = document.body;

  // --- live feed: signals over one EventSource; polling every 5 s while it is down -----------------
  const light = $("#live-light");
  let poll = 0, broken = false, downSince = 0;
  const refresh = () => window.htmx && htmx.trigger(body, "poll");
  const say = (key) => { if (light) $("span", light).textContent = light.dataset[key]; };
  const down = () => {
    broken = true;
    downSince = downSince || Date.now();
    say(Date.now() - downSince > 3000 ? "polling" : "again");
    if (!poll) poll = setInterval(() => { if (!document.hidden) { say("polling"); refresh(); } }, 5000);
  };
  const up = () => {
    clearInterval(poll); poll = 0; downSince = 0;
    say("live");
    if (broken) { broken = false; refresh(); }
  };
  body.addEventListener("htmx:sseError", down);
  body.addEventListener("htmx:sseOpen", up);
  body.addEventListener("sse:down", down);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

  // --- swaps: keep what the reader opened, and do not touch what did not change --------------------
  const plain = (n) => n.outerHTML.replace(/ class="fresh"|(?<=waretoken" value=")\w+/g, "");
  body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const now = event.detail.target, next = event.detail.fragment?.firstElementChild;
    if (!now || !next) return;
    $$("details[id]", now).forEach((d) => { const n = $("#" + CSS.escape(d.id), next); if (n) n.open = d.open; });
    const title = next.dataset?.title;
    if (title) document.title = title;
    if (plain(now) === plain(next)) event.detail.shouldSwap = false;
  });

  // --- the server's clock ------------------------------------------------------------------------
  const clock = $("#clock");
  if (clock) {
    const shift = Date.parse(clock.dateTime) - Date.now();
    setInterval(() => { clock.textContent = new Date(Date.now() + shift).toISOString().slice(11, 19); }, 1000);
  }

  // --- the weight: slider, number box and step buttons are one value -------------------------------
  const range = $("#weight-range"), box = $("#weight-box");
  if (range && box) {
    const put = (value) => {
      range.value = box.value = value;
      range.setAttribute("aria-valuetext", range.dataset.text.replace("{}", value));
      const send = $("#move-button");
      if (send) send.textContent = send.dataset.text.replace("{}", value);
    };
    range.addEventListener("input", () => put(range.value));
    box.addEventListener("input", () => put(box.value));
    range.addEventListener("change", () => {
      const to = new URL(location.href);
      to.searchParams.set("to", Math.round(range.value * 100));
      to.searchParams.delete("ladder");
      htmx.ajax("GET", to.pathname + to.search, { target: "#plan", select: "#plan", swap: "outerHTML" });
      history.replaceState(null, "", to);
    });
  }

  // --- pair: next and previous difference ---------------------------------------------------------
  const nameOf = (place) => place.dataset.difference || place.id;
  const marks = () => {
    const rows = $$("[data-difference]").filter((row) => row.offsetParent), named = new Set(rows.map(nameOf));
    return [...rows, ...$$(".rail li[id]").filter((item) => item.offsetParent && !named.has(item.id))];
  };
  let at = -1;
  const go = (step) => {
    const all = marks();
    if (!all.length) return;
    at = at < 0 && step < 0 ? all.length - 1 : (at + step + all.length) % all.length;
    $$(".cur").forEach((row) => row.classList.remove("cur"));
    const name = nameOf(all[at]);
    all[at].classList.add("cur");
    $("#" + CSS.escape(name))?.classList.add("cur");
    all[at].scrollIntoView({ block: "center" });
    history.replaceState(null, "", "#" + name);
    const place = $("#difference-place");
    if (place) place.textContent = place.dataset.text.replace("{n}", at + 1).replace("{m}", all.length);
  };
  $$("[data-go]").forEach((b) => b.addEventListener("click", () => go(+b.dataset.go)));
  $$("button[data-hide]").forEach((chip) => chip.addEventListener("click", () => {
    const shown = chip.getAttribute("aria-pressed") !== "true";
    chip.setAttribute("aria-pressed", shown);
    $("#sides").classList.toggle("hide-" + chip.dataset.hide, !shown);
  }));
  $$("[data-copy]").forEach((b) => b.addEventListener("click", () => {
    navigator.clipboard?.writeText(location.href);
    b.textContent = b.dataset.copy;
  }));

  // --- generated files: copy the text that a button names; without clipboard the button stays away ----
  $$("[data-copy-from]").forEach((b) => {
    if (!navigator.clipboard) return;
    b.hidden = false;
    b.addEventListener("click", async () => {
      await navigator.clipboard.writeText($("#" + CSS.escape(b.dataset.copyFrom)).textContent);
      $("span", b).textContent = b.dataset.done;
    });
  });

  // --- keys ---------------------------------------------------------------------------------------
  const help = $("#help");
  let prefix = "";
  const follow = (selector) => { const link = $(selector); if (link) link.click(); return !!link; };
  const unfold = (which) => {
    const load = $(".rail li.cur a.act");
    if (load) { load.click(); return; }
    const d = $(`.rail li.cur ${which}`) || $(`.rail ${which}`) || $(which);
    if (d) { d.open = true; $("select, input:not([type=hidden])", d)?.focus(); }
  };
  const sections = ["answer", "logs", "effects", "times", "raw"];
  const keys = {
    "?": () => help && help.showModal(),
    "/": () => $("#search")?.focus(),
    m: () => follow("[data-key=m]"), h: () => follow("[data-key=h]"),
    R: () => $("[data-key=R]")?.focus(),
    n: () => go(1), p: () => go(-1),
    j: () => follow("[data-key=j]"), k: () => follow("[data-key=k]"),
    b: () => unfold("[data-bug]"),
    e: () => $$(".fold details").forEach((d) => { d.open = !d.open; }),
    i: () => $("button[data-hide=noise]")?.click(),
    r: () => unfold("[data-rule]"),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const key = event.key;
    if (prefix === "g") {
      prefix = "";
      if (follow(`[data-go-to="${CSS.escape(key)}"]`)) { event.preventDefault(); return; }
    }
    if (key === "g") { prefix = "g"; setTimeout(() => { prefix = ""; }, 1200); return; }
    const section = $(`#${sections[key - 1] || "none"}-title`);
    if (section) { section.scrollIntoView({ block: "center" }); section.focus({ preventScroll: true }); }
    if (keys[key]) { event.preventDefault(); keys[key](); }
  });
  $$("#help [data-close]").forEach((b) => b.addEventListener("click", () => help.close()));
  
  $(".phases [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  const open = () => {
    const hash = location.hash.slice(1), item = $(`.rail li[data-number="${/^d-?(\d+)$/.exec(hash)?.[1]}"]`);
    const name = item?.id || hash, quiet = name && $("#" + CSS.escape(name))?.closest("details");
    if (quiet) quiet.open = true;
    const found = name.startsWith("d-") ? marks().findIndex((place) => nameOf(place) === name) : -1;
    if (found >= 0) { at = found; go(0); }
  };
  body.addEventListener("htmx:load", (event) => {
    if (`#${event.target.id}` === location.hash) event.target.classList.add("cur");
  });
  body.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-act]");
    if (!mark) return;
    event.preventDefault();
    at = marks().indexOf(mark.closest("[data-difference]")); go(0);
    const item = $(".rail li.cur");
    item?.scrollIntoView({ block: "center" });
    $("summary, a.act", item || body)?.focus({ preventScroll: true });
  });
  addEventListener("hashchange", open);
  open();
})();
