"use strict";
// Two things that a page cannot do alone: a running clock, and an open auction that stays fresh.
(() => {
  const shanghai = (moment) =>
    new Date(moment + 8 * 3600e3).toISOString().slice(0, 19).replace("T", " ");

  for (const element of document.querySelectorAll("[data-clock]")) {
    const start = Date.parse(element.dataset.clock);
    const rate = Number(element.dataset.rate) || 0;
    const loaded = performance.now();
    setInterval(() => {
      element.textContent = shanghai(start + (performance.now() - loaded) * rate);
    }, 1000);
  }

  const auction = document.querySelector("[data-auction]");
  if (!auction) return;
  const part = (name) => auction.querySelector(`[data-part="${name}"]`);
  const words = auction.dataset;
  const rate = Number(words.rate) || 0;
  let ends = Date.parse(words.ends);
  let opens = Date.parse(words.opens);
  let server = Date.parse(words.now);
  let heard = performance.now();
  let known = { state: words.state, sequence: words.sequence };

  const yuan = (fen) =>
    "¥" + (fen / 100).toLocaleString("en-US", { minimumFractionDigits: fen % 100 ? 2 : 0 });
  const two = (number) => String(number).padStart(2, "0");

  const show = () => {
    const now = server + (performance.now() - heard) * rate;
    const until = known.state === "scheduled" ? opens : ends;
    const left = Math.max(0, Math.ceil((until - now) / 1000));
    const days = Math.floor(left / 86400);
    const clock = [left / 3600 % 24, left / 60 % 60, left % 60].map((n) => two(Math.floor(n))).join(":");
    part("left").textContent = (days ? days + " " + words.days + " " : "") + clock;
    part("left").classList.toggle("soon", known.state === "open" && left < 300);
  };

  const take = (fresh) => {
    server = Date.parse(fresh.server_time);
    heard = performance.now();
    ends = Date.parse(fresh.ends_at);
    opens = Date.parse(fresh.opens_at);
    if (fresh.state !== known.state || String(fresh.bid_count) !== String(known.sequence)) {
      // A new bid or a new phase: the server renders what it means for this reader.
      const form = auction.querySelector("form[data-bid]");
      const typing = form && form.contains(document.activeElement);
      if (!typing) return location.reload();
      known.sequence = fresh.bid_count;
      if (fresh.price_fen !== null) part("price").textContent = yuan(fresh.price_fen);
      part("next").textContent = yuan(fresh.min_next_fen);
      part("news").textContent = words.news;
      if (fresh.state !== known.state) location.reload();
    }
    show();
  };

  const poll = async () => {
    let pause = document.hidden ? 5000 : 1000;
    try {
      const answer = await fetch(words.auction, { headers: { Accept: "application/json" } });
      if (answer.ok) take(await answer.json());
      else pause = 5000;
    } catch {
      pause = 5000;
    }
    setTimeout(poll, pause);
  };
  if (known.state === "open" || known.state === "scheduled") {
    setInterval(show, 250);
    setTimeout(poll, 1000);
  }
})();
